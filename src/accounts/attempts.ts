import { createHash } from 'node:crypto';
import { tooManyAttempts } from '../api-errors/api-error.js';
import { addressGroup } from './address-group.js';

/** Where attempts are counted: a limiter of rate-limiter-flexible, over Redis or in memory. */
export interface AttemptCounter {
  /** How many attempts a key has within the window. */
  readonly points: number;
  get(key: string): Promise<Counted | null>;
  /** Counts one more, whatever the limit. */
  penalty(key: string): Promise<Counted>;
  /** Takes one back. */
  reward(key: string): Promise<Counted>;
}

interface Counted {
  readonly consumedPoints: number;
  readonly msBeforeNext: number;
}

export interface AttemptCounters {
  readonly perAccount: AttemptCounter;
  readonly perAddress: AttemptCounter;
}

/** Who tries. */
export interface Attempt {
  /** The IP address of the client; undefined where there is none. */
  readonly address: string | undefined;
  /** The normal form of the e-mail address; undefined for a sign-up. */
  readonly account?: string;
}

/** Limits how often passwords may be guessed, per account and per address. */
export interface Attempts {
  /** Costs no hash and leaves nothing behind. @throws GraphQLError TOO_MANY_ATTEMPTS where none is left. */
  check(attempt: Attempt): Promise<void>;
  /**
   * Counts an attempt, then makes it. It is taken back where it was right, or failed before it could tell anything: what
   * stays counted is undefined, a wrong guess.
   * @throws GraphQLError TOO_MANY_ATTEMPTS where none is left.
   */
  make<T>(attempt: Attempt, guess: () => Promise<T | undefined>): Promise<T | undefined>;
  /** Counts an attempt that is never taken back. @throws GraphQLError TOO_MANY_ATTEMPTS where none is left. */
  spend(attempt: Attempt): Promise<void>;
}

/** Keys are hashes: no e-mail address and no IP address is ever a part of one. */
export function createAttempts({ perAccount, perAddress }: AttemptCounters): Attempts {
  const countersOf = ({ address, account }: Attempt): [counter: AttemptCounter, key: string][] => [
    ...(address === undefined ? [] : [counted(perAddress, addressGroup(address))]),
    ...(account === undefined ? [] : [counted(perAccount, account)]),
  ];

  async function count(attempt: Attempt): Promise<() => Promise<void>> {
    const counters = countersOf(attempt);
    const results = await Promise.all(counters.map(([counter, key]) => counter.penalty(key)));
    const takeBack = async (): Promise<void> => {
      await Promise.all(counters.map(([counter, key]) => counter.reward(key)));
    };
    // Counted first and looked at afterwards, so that of many at the same time no more than the limit get through.
    const left = counters.map(([{ points }], index) => points - (results[index]?.consumedPoints ?? 0));
    if (left.every((points) => points >= 0)) return takeBack;
    await takeBack();
    throw tooManyAttempts(longest(results.filter((_, index) => (left[index] ?? 0) < 0)));
  }

  return {
    async check(attempt) {
      const counters = countersOf(attempt);
      const results = await Promise.all(counters.map(([counter, key]) => counter.get(key)));
      const full = results.filter((result, index) => {
        const points = counters[index]?.[0].points ?? Infinity;
        return result !== null && result.consumedPoints >= points;
      });
      if (full.length > 0) throw tooManyAttempts(longest(full));
    },

    async make(attempt, guess) {
      const takeBack = await count(attempt);
      let wasWrong = false;
      try {
        const result = await guess();
        wasWrong = result === undefined;
        return result;
      } finally {
        if (!wasWrong) await takeBack();
      }
    },

    async spend(attempt) {
      await count(attempt);
    },
  };
}

function counted(counter: AttemptCounter, name: string): [AttemptCounter, string] {
  return [counter, createHash('sha256').update(name).digest('base64url')];
}

function longest(results: readonly (Counted | null)[]): number {
  return Math.max(0, ...results.map((result) => result?.msBeforeNext ?? 0));
}
