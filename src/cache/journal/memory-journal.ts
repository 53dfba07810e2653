import { elapsedMs, hasCome, systemClock, type Clock } from '../time/clock.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { MAX_DEAD, MAX_PENDING, type BuriedWrite, type Journal, type WriteName } from './journal.js';

export interface MemoryJournalOptions {
  readonly clock?: Clock;
  /** Keys that may be pending at most; default 10,000. */
  readonly maxPending?: number;
}

interface Dirty {
  readonly seq: number;
  readonly record: Uint8Array;
  readonly attempts: number;
  readonly dueAtMs: number;
  /** How long it was to wait when that was decided. */
  readonly waitsMs: number;
}

const memoryJournalOptions = {
  clock: true,
  maxPending: true,
} satisfies Record<keyof MemoryJournalOptions, true>;

/**
 * A journal in this process: what was accepted and not flushed is lost when the process dies.
 * @throws CacheError for options that cannot be.
 */
export function memoryJournal(options: MemoryJournalOptions = {}): Journal {
  const { clock = systemClock, maxPending = MAX_PENDING } = options;
  const faults = unknownOptions(options, memoryJournalOptions);
  if (!Number.isSafeInteger(maxPending) || maxPending <= 0) {
    faults.push(`maxPending must be a positive whole number, but got ${maxPending}`);
  }
  refuseFaults('memoryJournal', faults);
  const dirty = new Map<string, Dirty>();
  const dead = new Map<string, BuriedWrite>();
  let lastSeq = 0;

  function nextSeq(): number {
    lastSeq = Math.max(lastSeq + 1, Math.floor(clock.nowMs() * 1000));
    return lastSeq;
  }

  /** Changes a write if it is still the latest of its key; otherwise that one is due, at once by default. */
  function change({ key, seq }: WriteName, to: (write: Dirty) => Dirty | undefined, laterAfterMs = 0): void {
    const write = dirty.get(key);
    if (write === undefined) return;
    const changed =
      write.seq === seq
        ? to(write)
        : { ...write, dueAtMs: clock.nowMs() + laterAfterMs, waitsMs: laterAfterMs };
    if (changed === undefined) dirty.delete(key);
    else dirty.set(key, changed);
  }

  return {
    name: 'memory',
    survives: 'An acknowledged write is in the memory of this process, and lost when the process dies.',
    endsGenerations: false,
    isAway: () => false,
    mayAccept: () => true,
    laterSeq: nextSeq,
    // Numbers come from one place, which gives each only once.
    passedInMs: () => 0,
    accept: ({ key, record, delayMs }) => {
      const seq = nextSeq();
      const before = dirty.get(key);
      if (before === undefined && (dirty.size >= maxPending || dead.size >= MAX_DEAD))
        return { outcome: 'full', seq };
      const { dueAtMs, waitsMs } = before ?? { dueAtMs: clock.nowMs() + delayMs, waitsMs: delayMs };
      dirty.set(key, { seq, record, attempts: 0, dueAtMs, waitsMs });
      dead.delete(key);
      return { outcome: 'accepted', seq };
    },
    pending: (keys) =>
      keys.map((key) => {
        const write = dirty.get(key);
        return write && { key, seq: write.seq, record: write.record };
      }),
    claim: ({ limit, forMs, all = false, aheadMs = 0 }) => {
      const nowMs = clock.nowMs();
      const isDue = ({ dueAtMs, waitsMs }: Dirty, atMs: number): boolean => hasCome(dueAtMs, atMs, waitsMs);
      const isAnyDue = all || [...dirty.values()].some((write) => isDue(write, nowMs));
      const due = [...dirty].filter(
        ([, write]) =>
          isAnyDue && (all || isDue(write, nowMs) || (write.attempts === 0 && isDue(write, nowMs + aheadMs))),
      );
      due.sort(([, one], [, other]) => one.dueAtMs - other.dueAtMs);
      return due.slice(0, limit).map(([key, write]) => {
        dirty.set(key, { ...write, dueAtMs: nowMs + forMs, waitsMs: forMs });
        return { key, seq: write.seq, record: write.record, attempts: write.attempts };
      });
    },
    settle: (writes, laterAfterMs) => writes.forEach((write) => change(write, () => undefined, laterAfterMs)),
    supersede: (writes) => {
      for (const { key, seq } of writes) {
        if ((dirty.get(key)?.seq ?? Infinity) <= seq) dirty.delete(key);
        if ((dead.get(key)?.seq ?? Infinity) <= seq) dead.delete(key);
      }
    },
    retry: (writes, afterMs) => {
      const dueAtMs = clock.nowMs() + afterMs;
      for (const name of writes) {
        change(name, (write) => ({ ...write, attempts: write.attempts + 1, dueAtMs, waitsMs: afterMs }));
      }
    },
    bury: (write) => {
      if (dirty.get(write.key)?.seq !== write.seq) return;
      dirty.delete(write.key);
      dead.set(write.key, write);
    },
    deadLetters: () => [...dead.values()],
    replay: (key) => {
      const letter = dead.get(key);
      if (letter === undefined) return 'unknown';
      dead.delete(key);
      if ((dirty.get(key)?.seq ?? 0) > letter.seq) return 'superseded';
      dirty.set(key, {
        seq: letter.seq,
        record: letter.record,
        attempts: 0,
        dueAtMs: clock.nowMs(),
        waitsMs: 0,
      });
      return 'replayed';
    },
    size: () => {
      const oldestMs = Math.min(...Array.from(dirty.values(), ({ dueAtMs }) => dueAtMs));
      return { pending: dirty.size, dead: dead.size, overdueMs: elapsedMs(clock, oldestMs) };
    },
    close: () => dirty.clear(),
  };
}
