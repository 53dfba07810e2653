import { describe, expect, it } from 'vitest';
import { explore, type Model, type Step } from './explore.js';
import type { State } from './visited.js';

const NUMBER = 0;
const CLERKS = [4, 8] as const;
/** Of each clerk. */
const [STAGE, HELD, NAME] = [0, 1, 2] as const;

/** Two clerks add one to a number: each reads it, then writes one more than it read. */
function clerks(isAtomic: boolean): Model {
  const state = new Uint8Array(12);
  for (const [index, clerk] of CLERKS.entries()) state[clerk + NAME] = index + 1;
  return {
    bytes: 12,
    starts: [{ words: 'the number is 0', state }],
    steps: (now, step) => {
      for (const clerk of CLERKS) work(now, clerk, isAtomic, step);
    },
    canonical: sortClerks,
    forgetNames: (named) => {
      for (const clerk of CLERKS) named[clerk + NAME] = 0;
    },
    isBroken: (now) => CLERKS.every((clerk) => now[clerk + STAGE] === 2) && now[NUMBER] !== 2,
  };
}

function work(state: State, clerk: number, isAtomic: boolean, step: Step): void {
  const name = `clerk ${state[clerk + NAME]}`;
  if (state[clerk + STAGE] === 0 && !isAtomic) {
    step(
      () => `${name} reads ${state[NUMBER]}`,
      (next) => {
        next[clerk + STAGE] = 1;
        next[clerk + HELD] = state[NUMBER] ?? 0;
      },
    );
  } else if (state[clerk + STAGE] !== 2) {
    const written = (isAtomic ? (state[NUMBER] ?? 0) : (state[clerk + HELD] ?? 0)) + 1;
    step(
      () => `${name} writes ${written}`,
      (next) => {
        next[NUMBER] = written;
        next[clerk + STAGE] = 2;
        next[clerk + HELD] = 0;
      },
    );
  }
}

/** It does not matter which of both is how far. */
function sortClerks(state: State): void {
  const [one, other] = CLERKS.map((clerk) => state.slice(clerk, clerk + 4));
  if (one === undefined || other === undefined) return;
  if ((one[STAGE] ?? 0) * 8 + (one[HELD] ?? 0) <= (other[STAGE] ?? 0) * 8 + (other[HELD] ?? 0)) return;
  state.set(other, CLERKS[0]);
  state.set(one, CLERKS[1]);
}

describe('the explorer', () => {
  it('tells the shortest way into a violation, and each actor keeps its name on it', () => {
    const { verdict, steps } = explore(clerks(false));
    expect(verdict).toBe('VIOLATION');
    expect(steps.map((words) => words.replace(/clerk [12]/, 'a clerk'))).toEqual([
      'the number is 0',
      'a clerk reads 0',
      'a clerk reads 0',
      'a clerk writes 1',
      'a clerk writes 1',
    ]);
    const names = steps.slice(1).map((words) => /clerk [12]/.exec(words)?.[0]);
    expect(new Set(names.slice(0, 2)).size).toBe(2);
    expect(new Set(names.slice(2)).size).toBe(2);
  });

  it('sees every state of a world without a violation, once', () => {
    // The number is 0, 1 or 2, and it does not matter whose work it was.
    expect(explore(clerks(true))).toEqual({ verdict: 'SAFE', states: 3, steps: [] });
    expect(explore({ ...clerks(true), canonical: () => undefined }).states).toBe(4);
  });

  it('remembers more states than its memory had room for at first', () => {
    const digits: Model = {
      bytes: 8,
      starts: [{ words: 'all digits are 0', state: new Uint8Array(8) }],
      steps: (state, step) => {
        for (const [digit, value] of state.slice(0, 6).entries()) {
          if (value < 9)
            step(
              () => `digit ${digit} rises`,
              (next) => void (next[digit] = value + 1),
            );
        }
      },
      canonical: () => undefined,
      forgetNames: () => undefined,
      isBroken: () => false,
    };
    expect(explore(digits).states).toBe(1_000_000);
    expect(() => explore(digits, 10_000)).toThrow('more than 10000 states: the variant is too large');
  });
});
