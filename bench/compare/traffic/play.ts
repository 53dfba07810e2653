import { setTimeout as passes } from 'node:timers/promises';
import type { Client } from '../../side-by-side/two-processes/client.js';
import { tokenOf } from '../viewers.js';
import type { Ask } from './requests.js';
import type { Due } from './schedule.js';
import { ratingKey, versionsIn, type Seen, type Stale, type Truth } from './truth.js';

/** What became of one request. */
export interface Played {
  readonly due: Due;
  /** From when it was due to its answer, so that a generator that is held up hides nothing. */
  readonly latencyMs: number;
  readonly outcome: 'right' | 'error' | Stale;
}

export interface PlayOptions {
  readonly client: Client;
  readonly truth: Truth;
  /** What an answer shows is judged where this holds of it; default: always. */
  readonly isPromised?: (ask: Ask, seen: Seen) => boolean;
  readonly signal: AbortSignal;
}

const PATIENCE_MS = 10_000;

/** Sends each request when it is due, whether or not earlier ones have been answered; resolves when all have. */
export async function play(
  schedule: readonly Due[],
  { signal, ...exchanging }: PlayOptions,
): Promise<readonly Played[]> {
  const beganMs = performance.now();
  const last = new Map<string, Promise<unknown>>();
  const played: Promise<Played>[] = [];
  for (const due of schedule) {
    const waitMs = beganMs + due.atMs - performance.now();
    if (waitMs > 0) await passes(waitMs, undefined, { signal });
    const before = due.inOrder === undefined ? undefined : last.get(due.inOrder);
    const one = async (): Promise<Played> => {
      await before;
      // A client does not wait for ever: what could not even be sent by then is an error.
      const isLate = performance.now() - beganMs - due.atMs > PATIENCE_MS;
      const outcome = isLate ? 'error' : await exchange(due, due.viewer, exchanging);
      return { due, latencyMs: performance.now() - beganMs - due.atMs, outcome };
    };
    const asked = one();
    if (due.inOrder !== undefined) last.set(due.inOrder, asked);
    played.push(asked);
  }
  return Promise.all(played);
}

/** Sends one request and judges its answer by what was acknowledged before; a write that is answered is acknowledged. */
export async function exchange(
  ask: Ask,
  viewer: number | undefined,
  { client, truth, isPromised = () => true }: Omit<PlayOptions, 'signal'>,
): Promise<Played['outcome']> {
  const sentAtMs = performance.now();
  const { query, operationName, variables } = ask;
  const headers = viewer === undefined ? {} : { authorization: `Bearer ${tokenOf(viewer)}` };
  const answer = await client
    .ask(JSON.stringify({ query, operationName, variables }), headers)
    .catch(() => undefined);
  if (answer === undefined) return 'error';
  const parsed: unknown = JSON.parse(answer);
  const seen = versionsIn(parsed, viewer);
  if (ask.kind !== 'write') {
    const judged = seen.filter((one) => isPromised(ask, one));
    return truth.judge(judged, sentAtMs) ?? 'right';
  }
  const atMs = performance.now();
  for (const { key, version } of seen) truth.acknowledge(key, version, atMs);
  // An answer that shows how many there are now has told it already.
  const rated = ask.rates === undefined ? undefined : ratingKey(ask.rates);
  if (rated !== undefined && !seen.some(({ key }) => key === rated)) truth.acknowledgeOneMore(rated, atMs);
  return 'right';
}
