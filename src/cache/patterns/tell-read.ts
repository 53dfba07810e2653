import { channels } from '../diagnostics/channels.js';
import type { ReadMessage } from '../diagnostics/messages.js';
import { tellWork } from '../diagnostics/tell-work.js';
import type { ReadPolicy } from '../policy/read-policy.js';

/** Tells the subscribers of reads of one, from its call to its answer. Ask whether there are any before. */
export function tellRead<T>(
  { coordinate, pattern }: Pick<ReadPolicy, 'coordinate' | 'pattern'>,
  read: (told: ReadMessage) => T,
): T {
  const told: ReadMessage = { coordinate, pattern, entries: [] };
  return tellWork(channels.read, told, () => read(told));
}
