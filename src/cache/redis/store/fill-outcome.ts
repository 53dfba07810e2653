import type { FillOutcome } from '../../store/store.js';

/** What `fill.lua` answers for one entry; an error where the server had no room for it. All other errors are the whole reply. */
export function fillOutcomeOf(reply: unknown): FillOutcome | Error {
  if (reply instanceof Error) return reply;
  return reply === 1 ? 'stored' : 'outdated';
}
