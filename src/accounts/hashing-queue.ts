import { requestAbandoned, signInBusy } from '../api-errors/api-error.js';
import { addressGroup } from './address-group.js';

/** Who waits for a turn. */
export interface Asking {
  /** Fires when the client is gone. */
  readonly gone: AbortSignal;
  /** Its IP address; those without one count as one client. */
  readonly address: string | undefined;
}

/** Bounds how many passwords are hashed at once, and how long a request waits for its turn. */
export interface HashingQueue {
  /**
   * Runs the work when its turn comes, and not at all once the signal has fired.
   * @throws GraphQLError SIGN_IN_BUSY where the wait is too long, REQUEST_ABANDONED where the client is gone.
   */
  run<T>(work: () => Promise<T>, asking: Asking): Promise<T>;
  /** How many requests wait for their turn. */
  waiting(): number;
  /** How many requests were refused since the process began, as the wait was too long. */
  refused(): number;
}

export interface HashingQueueOptions {
  /** How many run at the same time. */
  readonly atOnce: number;
  /** No request waits longer than this for its turn. Milliseconds. */
  readonly maxWaitMs: number;
  /** For tests; by default the clock of the process. */
  readonly nowMs?: () => number;
}

/** What a hash is taken to need before one was measured. */
const FIRST_GUESS_MS = 50;
/** Bounds the queue also where hashing seems to need no time. */
const LEAST_MS = 5;
/** The share of the newest measurement in what a hash usually needs. */
const SHARE_OF_NEWEST = 0.2;
/** A queue that is longer is served from its end. */
const LONG_MS = 200;

/** What is known of a client while requests of it wait, and after that for as long as those wait that came before its latest turn. */
interface Group {
  waiting: number;
  /** Which turn of all was its latest one; 0 before its first. */
  turn: number;
}

interface Waiting {
  readonly group: Group;
  /** How many turns there had been when it came. */
  readonly cameAtTurn: number;
  readonly sinceMs: number;
  start(): void;
  refuse(error: Error): void;
}

/**
 * A short queue is served in order of arrival. A long one is an attack or an outage, and is served newest first: a request
 * that comes now is answered soon, and those that have waited longest, whose clients are the likeliest to have given up,
 * are refused. The queue is bounded by time, as that is what a client notices: the slower the machine, the shorter.
 *
 * Clients, which are addresses as `addressGroup` has them, take turns, and the one with the most requests is refused first: however many
 * of one client wait, a request of another one waits for a turn of each.
 */
export function createHashingQueue(options: HashingQueueOptions): HashingQueue {
  const { atOnce, maxWaitMs, nowMs = () => performance.now() } = options;
  const waiting: Waiting[] = [];
  const groups = new Map<string, Group>();
  let turns = 0;
  let running = 0;
  let refusals = 0;
  let usualMs = FIRST_GUESS_MS;
  const waitOf = (length: number): number => (usualMs * length) / atOnce;

  /** Refuses those that have waited for too long, and the oldest of the client with the most for as long as the queue is too long. */
  function shorten(): void {
    for (const oldest of [...waiting]) {
      if (nowMs() - oldest.sinceMs <= maxWaitMs) break;
      refuseAsBusy(oldest);
    }
    while (waitOf(waiting.length) > maxWaitMs && waiting.length > 1) {
      refuseAsBusy(
        waiting.reduce((most, entry) => (entry.group.waiting > most.group.waiting ? entry : most)),
      );
    }
  }

  /** Of the clients whose latest turn is the longest ago, the oldest request, or the newest where the queue is long. */
  function next(): Waiting | undefined {
    const inOrder = waitOf(waiting.length) > LONG_MS ? [...waiting].reverse() : waiting;
    let chosen: Waiting | undefined;
    for (const entry of inOrder) {
      if (chosen === undefined || entry.group.turn < chosen.group.turn) chosen = entry;
    }
    return chosen;
  }

  /** A client that comes back at once has had its turn, where others wait since before it. */
  function forget(): void {
    const first = waiting.reduce((least, { cameAtTurn }) => Math.min(least, cameAtTurn), Infinity);
    for (const [client, group] of groups)
      if (group.waiting === 0 && group.turn <= first) groups.delete(client);
  }

  function refuseAsBusy(entry: Waiting): void {
    refusals += 1;
    entry.refuse(signInBusy(Math.ceil(waitOf(waiting.length))));
  }

  async function runNow<T>(work: () => Promise<T>): Promise<T> {
    running += 1;
    const startedAtMs = nowMs();
    try {
      const result = await work();
      // Work that fails has hashed nothing, and says nothing about how long a hash takes.
      usualMs = Math.max(LEAST_MS, usualMs + (nowMs() - startedAtMs - usualMs) * SHARE_OF_NEWEST);
      return result;
    } finally {
      running -= 1;
      shorten();
      next()?.start();
    }
  }

  function waitFor<T>(work: () => Promise<T>, { gone, address = '' }: Asking): Promise<T> {
    return new Promise((resolve, reject) => {
      const client = addressGroup(address);
      const group = groups.get(client) ?? { waiting: 0, turn: 0 };
      const leave = (): void => {
        clearTimeout(timer);
        gone.removeEventListener('abort', onGone);
        waiting.splice(waiting.indexOf(entry), 1);
        group.waiting -= 1;
        forget();
      };
      const refuse = (error: Error): void => {
        leave();
        reject(error);
      };
      const onGone = (): void => refuse(requestAbandoned());
      const start = (): void => {
        turns += 1;
        group.turn = turns;
        leave();
        resolve(runNow(work));
      };
      const entry: Waiting = { group, cameAtTurn: turns, sinceMs: nowMs(), start, refuse };
      // Hashes that hang end nothing, and so would shorten nothing.
      const timer = setTimeout(() => refuseAsBusy(entry), maxWaitMs);
      waiting.push(entry);
      group.waiting += 1;
      groups.set(client, group);
      gone.addEventListener('abort', onGone);
      shorten();
    });
  }

  return {
    async run(work, asking) {
      if (asking.gone.aborted) throw requestAbandoned();
      return running < atOnce ? runNow(work) : waitFor(work, asking);
    },
    waiting: () => waiting.length,
    refused: () => refusals,
  };
}
