import { randomInt } from 'node:crypto';
import type { TestedStore } from './tested-store.js';

const SEEDS = 2 ** 31;

export interface SequencesOptions {
  readonly create: () => TestedStore | Promise<TestedStore>;
  readonly sequences: number;
  readonly seed?: number;
}

/** Which steps a seed stands for, and what throws where a store does not do with them as it should. */
export interface Sequences<Step> {
  readonly stepsOf: (seed: number) => readonly Step[];
  readonly compare: (tested: TestedStore, steps: readonly Step[]) => Promise<void>;
}

/** Tries random sequences, each on a new store. @throws Error with the seed and the shortest sequence found. */
export async function trySequences<Step>(
  { create, sequences, seed = randomInt(SEEDS) }: SequencesOptions,
  { stepsOf, compare }: Sequences<Step>,
): Promise<void> {
  const failureOf = async (steps: readonly Step[]): Promise<unknown> => {
    const tested = await create();
    try {
      await compare(tested, steps);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      await tested.store.close();
    }
  };
  for (let number = 0; number < sequences; number += 1) {
    const ownSeed = (seed + number) % SEEDS;
    const steps = stepsOf(ownSeed);
    const failure = await failureOf(steps);
    if (failure === undefined) continue;
    const shortest = await shortened(steps, failureOf);
    const message = `the store and the model differ, seed ${ownSeed}: ${JSON.stringify(shortest)}`;
    throw new Error(message, { cause: (await failureOf(shortest)) ?? failure });
  }
}

/** Leaves steps out for as long as what is left still fails. */
async function shortened<Step>(
  steps: readonly Step[],
  failureOf: (steps: readonly Step[]) => Promise<unknown>,
): Promise<readonly Step[]> {
  let failing = steps;
  for (let at = failing.length - 1; at >= 0; at -= 1) {
    const fewer = failing.filter((_, index) => index !== at);
    if ((await failureOf(fewer)) !== undefined) failing = fewer;
  }
  return failing;
}

/** Whole numbers below a bound, the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}
