import { createHash } from 'node:crypto';
import { tooManyAttempts } from '../api-errors/api-error.js';
import { addressGroup } from './address-group.js';

/** Where attempts are counted: a limiter of rate-limiter-flexible, over Redis or in memory. */
interface AttemptCounter {
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
interface Attempt {
  /** The IP address of the client; undefined where there is none. */
  readonly address: string | undefined;
  /** The normal form of the e-mail address; undefined for a sign-up. */
  readonly account?: string;
}

/** How many attempts were refused since the process began, by the limit that refused them. */
interface RefusedAttempts {
  account: number;
  address: number;
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
  /** Each counts once: for the limit that holds for longer, where both refuse it. */
  refused(): Readonly<RefusedAttempts>;
}

/** One limit, and the key under which an attempt counts there. */
interface Limit {
  readonly counter: AttemptCounter;
  readonly key: string;
  readonly reason: keyof RefusedAttempts;
}

/** What a limit says of an attempt. */
interface State {
  readonly reason: keyof RefusedAttempts;
  /** Attempts that are left; below 0 where more were made than it allows. */
  readonly left: number;
  readonly msBeforeNext: number;
}

type Ask = (counter: AttemptCounter, key: string) => Promise<Counted | null>;

/** Keys are hashes: no e-mail address and no IP address is ever a part of one. */
export function createAttempts({ perAccount, perAddress }: AttemptCounters): Attempts {
  const refusals: RefusedAttempts = { account: 0, address: 0 };

  function limitsOf({ address, account }: Attempt): Limit[] {
    const limits: Limit[] = [];
    if (address !== undefined)
      limits.push({ counter: perAddress, key: hashed(addressGroup(address)), reason: 'address' });
    if (account !== undefined) limits.push({ counter: perAccount, key: hashed(account), reason: 'account' });
    return limits;
  }

  const statesOf = (limits: readonly Limit[], ask: Ask): Promise<State[]> =>
    Promise.all(
      limits.map(async ({ counter, key, reason }) => {
        const { consumedPoints = 0, msBeforeNext = 0 } = (await ask(counter, key)) ?? {};
        return { reason, left: counter.points - consumedPoints, msBeforeNext };
      }),
    );

  /** The error of an attempt that these limits refuse; it is counted. */
  function refusal(full: readonly State[]): Error {
    const [longest] = [...full].sort((one, other) => other.msBeforeNext - one.msBeforeNext);
    if (longest !== undefined) refusals[longest.reason] += 1;
    return tooManyAttempts(longest?.msBeforeNext ?? 0);
  }

  async function count(attempt: Attempt): Promise<() => Promise<void>> {
    const limits = limitsOf(attempt);
    const states = await statesOf(limits, (counter, key) => counter.penalty(key));
    const takeBack = async (): Promise<void> => {
      await Promise.all(limits.map(({ counter, key }) => counter.reward(key)));
    };
    // Counted first and looked at afterwards, so that of many at the same time no more than the limit get through.
    const full = states.filter(({ left }) => left < 0);
    if (full.length === 0) return takeBack;
    await takeBack();
    throw refusal(full);
  }

  return {
    async check(attempt) {
      const states = await statesOf(limitsOf(attempt), (counter, key) => counter.get(key));
      const full = states.filter(({ left }) => left <= 0);
      if (full.length > 0) throw refusal(full);
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

    refused: () => ({ ...refusals }),
  };
}

function hashed(name: string): string {
  return createHash('sha256').update(name).digest('base64url');
}
