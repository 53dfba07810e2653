import type fc from 'fast-check';
import type { Store } from '../../../src/cache/index.js';
import type {
  Acquired,
  EntryAddress,
  FillOutcome,
  Intended,
  LogReading,
  Put,
  PutOutcome,
  Reading,
} from '../../../src/cache/types/index.js';
import { generationOfVersion, mayBeStored } from '../../../src/cache/store/generation-text.js';

/** A far store whose every step a schedule decides, with what may go wrong between a process and a server. */
export interface ScheduledStore {
  readonly store: Store;
  /** Follows this scheduler from now on; undefined lets everything pass at once. */
  follow(scheduler: fc.Scheduler | undefined): void;
  /** Loses one key, as an eviction does. */
  evict(kind: Kind, key: string): void;
  /** Runs an earlier command once more, as if it had been on its way all the time. */
  repeat(number: number): void;
}

export const KINDS = ['entry', 'generation', 'lease', 'log'] as const;
export type Kind = (typeof KINDS)[number];

/** When an invalidation is written into the log: as the protocol says, or wrongly. */
export type LogOrder = 'before-the-answer' | 'before' | 'after-the-answer';

const REMEMBERED = 16;
/** Requests after which a lease counts as expired: a repeated command takes one that nobody gives back. */
const DENIALS = 3;

/** Plain maps, so that each key can be lost by itself; an invalidation, its log and its answer are steps of their own. */
export function scheduledStore(logOrder: LogOrder = 'before-the-answer'): ScheduledStore {
  const entries = new Map<string, Uint8Array>();
  const generations = new Map<string, string>();
  const leases = new Map<string, { token: string; bound: string; denials: number }>();
  let log: { id: string; tags: readonly string[] }[] = [];
  const watchers: ((key: string) => void)[] = [];
  const earlier: (() => unknown)[] = [];
  let scheduler: fc.Scheduler | undefined;
  let [nonces, ids] = [0, 0];

  const travel = (): Promise<void> =>
    scheduler === undefined ? Promise.resolve() : scheduler.schedule(Promise.resolve());
  const present = (tag: string): string => {
    const generation = generations.get(tag) ?? `g${(nonces += 1)}`;
    generations.set(tag, generation);
    return generation;
  };
  const append = (tags: readonly string[]): void => void log.push({ id: `${(ids += 1)}-0`, tags });
  const settle = (key: string, token: string | undefined): void => {
    if (leases.get(key)?.token !== token) return;
    leases.delete(key);
    for (const onSettled of watchers) onSettled(key);
  };
  /** A command that may be executed again, late. */
  const command = <Answer>(execute: () => Answer): Answer => {
    earlier.unshift(execute);
    earlier.length = Math.min(earlier.length, REMEMBERED);
    return execute();
  };
  const far = async <Answer>(execute: () => Answer): Promise<Answer> => {
    await travel();
    const answer = execute();
    await travel();
    return answer;
  };
  const putRow = ({ key, captured, version, generation, bytes }: Put): PutOutcome => {
    if (!mayBeStored(generations.get(key), captured, version)) return 'refused';
    generations.set(key, generation);
    entries.set(key, bytes);
    return 'stored';
  };
  const readingOf = ({ key, tags }: EntryAddress): Reading => ({
    bytes: entries.get(key),
    generations: [key, ...tags].map((tag) => generations.get(tag)),
  });
  const lastOf = (): LogReading => {
    if (log.length === 0) append([]);
    return { last: log.at(-1)?.id ?? '', tags: 'all', isMore: false };
  };

  const store: Store = {
    name: 'far',
    isLocal: false,
    watch: (onSettled) => void watchers.push(onSettled),
    read: (addresses) => far(() => addresses.map(readingOf)),
    acquire: (requests) =>
      far(() =>
        command(() =>
          requests.map(({ key, tags, token }): Acquired => {
            const captured = [key, ...tags].map(present);
            const bound = captured.join(' ');
            const held = leases.get(key);
            const leased = held === undefined || held.bound !== bound || held.denials >= DENIALS;
            if (leased) leases.set(key, { token, bound, denials: 0 });
            else held.denials += 1;
            return { bytes: entries.get(key), generations: captured, leased };
          }),
        ),
      ),
    fill: (fills) =>
      far(() =>
        command(() =>
          fills.map(({ key, bytes, generations: [captured], token }): FillOutcome => {
            const isPresent = captured !== undefined && generations.get(key) === captured;
            if (isPresent) entries.set(key, bytes);
            settle(key, token);
            return isPresent ? 'stored' : 'outdated';
          }),
        ),
      ),
    intend: (intentions) =>
      far(() =>
        command(() =>
          intentions.map(({ key, tags, onlyHot }): Intended => {
            if (onlyHot && !entries.has(key)) return { captured: undefined, generations: [] };
            return { captured: present(key), generations: tags.map(present) };
          }),
        ),
      ),
    put: (puts) => far(() => command(() => puts.map(putRow))),
    release: (given) => far(() => given.forEach(({ key, token }) => settle(key, token))),
    renew: (given) => far(() => given.map(({ key, token }) => leases.get(key)?.token === token)),
    invalidate: async (tags, versions, row) => {
      let outcome: PutOutcome | undefined;
      const announce = (): Promise<void> => far(() => command(() => append(tags)));
      if (logOrder === 'before') await announce();
      await far(() =>
        command(() => {
          for (const tag of tags) {
            const version = versions?.get(tag);
            const before = generations.get(tag);
            if (version === undefined || before === undefined) generations.delete(tag);
            else generations.set(tag, generationOfVersion(before, version, `v${(nonces += 1)}`));
            entries.delete(tag);
            const token = leases.get(tag)?.token;
            if (token !== undefined) settle(tag, token);
          }
          outcome = row && putRow(row);
        }),
      );
      if (logOrder === 'before-the-answer') await announce();
      if (logOrder === 'after-the-answer') void announce();
      return outcome;
    },
    readLog: (after) =>
      far(() => {
        const from = log.findIndex(({ id }) => id === after);
        if (from < 0) return lastOf();
        const later = log.slice(from + 1);
        const last = later.at(-1)?.id ?? after ?? '';
        return { last, tags: later.flatMap(({ tags }) => tags), isMore: false };
      }),
    forget: () => generations.clear(),
    close: () => undefined,
  };

  return {
    store,
    follow: (next) => {
      scheduler = next;
      if (next !== undefined) earlier.length = 0;
      // Nobody asks for rows of an earlier schedule again.
      if (log.length > 1000) log = log.slice(-1);
    },
    evict: (kind, key) => {
      if (kind === 'entry') entries.delete(key);
      else if (kind === 'generation') generations.delete(key);
      else if (kind === 'log') log = [];
      else settle(key, leases.get(key)?.token);
    },
    repeat: (number) => void earlier[number % Math.max(1, earlier.length)]?.(),
  };
}
