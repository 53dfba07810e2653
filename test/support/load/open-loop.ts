import { setTimeout as passes } from 'node:timers/promises';

/** One request of a load that does not wait for answers. */
export interface Asked<T> {
  /** When it was due, in milliseconds since the load began. */
  readonly dueMs: number;
  /** From when it was due to its answer, so that a generator that is held up hides nothing. */
  readonly latencyMs: number;
  readonly answer: T;
}

export interface OpenLoop<T> {
  readonly perSecond: number;
  readonly ask: () => Promise<T>;
  /** Called before each request with the milliseconds since the load began. */
  readonly goesOn: (atMs: number) => boolean;
}

/** Asks at a steady rate, whether or not earlier requests have been answered; resolves when all have. */
export async function openLoop<T>({ perSecond, ask, goesOn }: OpenLoop<T>): Promise<readonly Asked<T>[]> {
  const startedAtMs = performance.now();
  const asked: Promise<Asked<T>>[] = [];
  for (let dueMs = 0; goesOn(dueMs); dueMs += 1000 / perSecond) {
    const waitMs = startedAtMs + dueMs - performance.now();
    if (waitMs > 0) await passes(waitMs);
    const one = async (): Promise<Asked<T>> => {
      const answer = await ask();
      return { dueMs, latencyMs: performance.now() - startedAtMs - dueMs, answer };
    };
    asked.push(one());
  }
  return Promise.all(asked);
}
