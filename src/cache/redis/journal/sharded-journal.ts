import type { Redis } from 'ioredis';
import { grouped } from '../../grouped.js';
import { systemClock } from '../../time/clock.js';
import { within } from '../../time/within.js';
import {
  MAX_DEAD,
  type ClaimedWrite,
  type ClaimRequest,
  type Doubt,
  type Journal,
  type PendingWrite,
  type WriteName,
} from '../../journal/journal.js';
import { runScript, textOf, type ScriptCall } from '../connection/lua-script.js';
import { confirmationOf, Confirmations } from './confirmation.js';
import { survivesOf, type Declared } from './durability.js';
import { EPOCH_FIELD, Epochs } from './epochs.js';
import { shardIndex, type JournalLayout, type ShardNames } from './journal-names.js';
import type { JournalPlace } from './journal-place.js';
import { OwnNumbers } from './own-numbers.js';
import { journalScripts as scripts } from './journal-scripts.js';
import { claimedOf, letterOf, readLetter, readWrite } from './written-forms.js';

export interface ShardedJournalOptions extends Declared {
  readonly maxPending: number;
  readonly commandTimeoutMs: number;
  /** The name of an entry's generation, where accepting a write ends it in the same step. */
  readonly generationOf: ((key: string) => string) | undefined;
  readonly layout: JournalLayout;
  /** Called once, when the journal is opened. */
  readonly placeFor: () => JournalPlace;
}

interface Shard extends ShardNames {
  readonly index: number;
  /** Shared by all shards where all of them lie on one server. */
  readonly numbers: OwnNumbers;
}

/** In the place of a time after which writes are due again. */
const SETTLED = -1;
/** In the place of the longest time for which anything is put off. */
const NEVER_TOO_LONG = -1;
/** A write that arrives later than this share of the time-out is refused by the server: its caller has given up. */
const DEADLINE_SHARE = 0.8;

/** A journal in shards, each with its scripts where it lies; a key is always in the same one, which orders its writes. */
export function shardedJournal(options: ShardedJournalOptions): Journal {
  const { layout, replicas, generationOf } = options;
  const count = layout.shards.length;
  const waitMs = Math.floor(options.commandTimeoutMs * DEADLINE_SHARE);
  const confirmations = new Confirmations();
  const shared = new OwnNumbers();
  const shards = layout.shards.map((names, index): Shard => ({
    ...{ ...names, index },
    numbers: layout.failsByShard ? new OwnNumbers() : shared,
  }));
  const [first] = shards;
  if (first === undefined) throw new Error('a journal has a shard');
  const shardOf = (key: string): Shard => shards[shardIndex(key, count)] ?? first;
  /** What fails alone. */
  const parts = layout.failsByShard ? shards : [first];
  const partsFrom = (part: number | undefined): readonly Shard[] =>
    part === undefined ? parts : parts.slice(part, part + 1);
  /** Kept: the server may be asked anew before a number has passed. */
  let longestUnsureMs = 0;
  let place: JournalPlace | undefined;
  let tellDoubt: ((doubt: Doubt) => void) | undefined;

  const opened = (): JournalPlace => {
    if (place === undefined) throw new Error('the journal is not open');
    return place;
  };
  const usOf = ({ index }: Shard): number => place?.usOf(index) ?? systemClock.nowMs() * 1000;
  const latestUsOf = ({ index }: Shard): number => place?.latestUs(index) ?? systemClock.nowMs() * 1000;
  const doubt = (why: Doubt['why'], shard: Shard | undefined, held = 0): void => {
    const { index, numbers } = shard ?? first;
    const sinceSeq = Math.max(numbers.given, place?.latestUs() ?? 0);
    tellDoubt?.({ why, held, sinceSeq, part: layout.failsByShard ? index : 0 });
  };
  const epochs = new Epochs(count, (why, { index, held }) => doubt(why, shards[index], held));
  const nextEpoch = ({ index }: Shard): string => `${place?.runOf(index) ?? ''} ${epochs.nextName()}`;

  async function ask<T>({ index }: Shard, commands: (client: Redis) => Promise<T>): Promise<T> {
    return opened().ask(index, commands);
  }

  /** Asks each shard for its own of these, in one round trip. @throws Error what a shard failed with, once all have ended. */
  async function askEach<Item, T>(
    items: readonly Item[],
    keyOf: (item: Item) => string,
    commands: (client: Redis, shard: Shard, own: readonly Item[]) => Promise<T>,
  ): Promise<readonly T[]> {
    const byShard = grouped(items, (item) => shardOf(keyOf(item)));
    const asked = Array.from(byShard, ([shard, own]) => ask(shard, (client) => commands(client, shard, own)));
    await Promise.allSettled(asked);
    return Promise.all(asked);
  }

  /** Removes writes, or makes them due again after some milliseconds; each shard's part in one call. */
  async function settle(writes: readonly WriteName[], after: number, laterAfterMs = 0): Promise<void> {
    await askEach(writes, keyOf, (client, { pending, due, attempts }, own) => {
      const args = [after, Math.round(laterAfterMs), ...own.flatMap(({ key, seq }) => [key, `${seq}`])];
      return runScript(client, scripts.settle, [{ keys: [pending, due, attempts], args }]);
    });
  }

  /** Whether enough replicas have what was written on this connection just before; false where they do not say it in time. */
  async function isConfirmed(client: Redis, hasWaitAof: boolean): Promise<boolean> {
    const question = confirmationOf(options, { hasWaitAof, waitMs });
    const confirmed = confirmations.of(client, question).catch(() => 0);
    return (await within(systemClock, { work: confirmed, ms: waitMs, onLate: () => 0 })) >= replicas;
  }

  function passedInMs(seq: number, shard: Shard): number {
    const ms = Math.ceil((seq - usOf(shard)) / 1000);
    // Further ahead is only what the journal itself has counted, and goes on counting from.
    return Math.min(Math.max(0, ms), waitMs + unsureMs(shard));
  }

  /** By how much a number by the time of the server may have been ahead, since the server was asked for it first. */
  function unsureMs(shard: Shard): number {
    const ms = Math.ceil((latestUsOf(shard) - usOf(shard)) / 1000);
    longestUnsureMs = Math.max(longestUnsureMs, ms);
    return longestUnsureMs;
  }

  function laterSeq(shard: Shard): number {
    unsureMs(shard);
    return shard.numbers.later(latestUsOf(shard));
  }

  /** Together they have room for `maxPending` keys, or for one each. */
  function roomIn({ index }: Shard): number {
    return Math.max(1, Math.floor((options.maxPending + count - 1 - index) / count));
  }

  function acceptCall(shard: Shard, { key, record, delayMs }: Parameters<Journal['accept']>[0]): ScriptCall {
    const { pending, due, clock, attempts, dead, numbers } = shard;
    const deadline = usOf(shard) + waitMs * 1000;
    numbers.sent(deadline);
    const keys = [pending, due, clock, attempts, dead];
    if (generationOf !== undefined) keys.push(generationOf(key));
    const bounds = [Math.round(delayMs), roomIn(shard), deadline, numbers.given];
    const args = [key, record, ...bounds, EPOCH_FIELD, nextEpoch(shard), Math.ceil(MAX_DEAD / count)];
    return { keys, args };
  }

  async function claimFrom(
    shard: Shard,
    { limit, forMs, all = false, longestMs = NEVER_TOO_LONG, aheadMs = 0 }: ClaimRequest,
    isAnyDue: boolean,
  ): Promise<readonly ClaimedWrite[]> {
    const { pending, due, attempts, index } = shard;
    const what = [Math.ceil(limit / count), Math.round(forMs), all ? 1 : 0, Math.round(longestMs)];
    const ahead = [Math.round(aheadMs), isAnyDue ? 1 : 0];
    const [reply] = await ask(shard, (client) => {
      const epoch = [EPOCH_FIELD, opened().runOf(index), epochs.nextName()];
      return runScript(client, scripts.claim, [
        { keys: [pending, due, attempts], args: [...what, ...epoch, ...ahead] },
      ]);
    });
    const [found, present, held, ...claimed]: unknown[] = Array.isArray(reply) ? reply : [];
    epochs.noticed(index, { found: epochOf(found), present: epochOf(present), pending: Number(held) });
    return claimedOf(claimed);
  }

  /** From these shards; a shard that fails is told, unless all of them do. */
  async function claimFromAll(
    from: readonly Shard[],
    request: ClaimRequest,
    isAnyDue: boolean,
  ): Promise<ReadonlyMap<Shard, readonly ClaimedWrite[]>> {
    const claims = await Promise.allSettled(from.map((shard) => claimFrom(shard, request, isAnyDue)));
    const isPartial =
      layout.failsByShard && (isAnyDue || claims.some(({ status }) => status === 'fulfilled'));
    const claimed = new Map<Shard, readonly ClaimedWrite[]>();
    claims.forEach((claim, index) => {
      const shard = from[index];
      if (shard === undefined) return;
      if (claim.status === 'rejected') {
        if (!isPartial) throw claim.reason;
        request.onLeft?.(shard.index, claim.reason);
        return;
      }
      claimed.set(shard, claim.value);
      if (claim.value.length >= Math.ceil(request.limit / count) && layout.failsByShard)
        request.onLeft?.(shard.index);
    });
    return claimed;
  }

  return {
    name: 'redis',
    survives: survivesOf(options),
    endsGenerations: generationOf !== undefined,
    ...(layout.failsByShard ? { parts: { count, of: (key: string) => shardIndex(key, count) } } : {}),
    open: async ({ log, onDoubt }) => {
      tellDoubt = onDoubt;
      place = options.placeFor();
      await place.open({ log, onDoubt: (why, index) => doubt(why, shards[index]) });
    },
    isAway: (part) => place?.isAway(part) ?? true,
    mayAccept: (part) => place?.mayAccept(part) ?? false,
    laterSeq: (part) => Math.max(...partsFrom(part).map(laterSeq)),
    passedInMs: (seq, part) => Math.max(...partsFrom(part).map((shard) => passedInMs(seq, shard))),
    accept: async (write) => {
      const shard = shardOf(write.key);
      const { index, numbers } = shard;
      const { reply, confirming } = await opened().askConfirmed(index, async (client) => {
        const [answer] = await runScript(client, scripts.accept, [acceptCall(shard, write)]);
        // On the same connection and after it: that is what the server waits for. It has its own time.
        const confirming = replicas === 0 ? undefined : isConfirmed(client, opened().hasWaitAof(index));
        return { reply: answer, confirming };
      });
      const [outcome, number, found, present]: unknown[] = Array.isArray(reply) ? reply : [];
      const seq = Number(textOf(number));
      if (outcome === -1) {
        // Or the clock of the server was set forward: others may have been given higher numbers than this process counts with.
        numbers.sent(seq);
        place?.lookAgain(index);
        throw new Error('the journal took longer than the write could wait');
      }
      numbers.got(seq);
      if (outcome !== 1) return { outcome: 'full', seq };
      epochs.noticed(index, { found: epochOf(found), present: epochOf(present) });
      if (confirming === undefined) return { outcome: 'accepted', seq };
      const isSafe = await confirming;
      // The journal may have been emptied meanwhile, and that noticed before the caller keeps the write: it is noticed anew.
      epochs.stillIs(index, epochOf(present));
      return { outcome: isSafe ? 'accepted' : 'unconfirmed', seq };
    },
    pending: async (keys) => {
      const found = new Map<string, PendingWrite | undefined>();
      await askEach(
        keys,
        (key) => key,
        async (client, { pending, index }, own) => {
          const texts = await client.hmgetBuffer(pending, ...own, EPOCH_FIELD);
          epochs.noticed(index, { found: epochOf(texts.at(-1)) });
          own.forEach((key, at) => found.set(key, readWrite(key, texts[at] ?? null)));
        },
      );
      return keys.map((key) => found.get(key));
    },
    claim: async (request) => {
      const claimed = await claimFromAll(shards, request, false);
      const rest = [...claimed].flatMap(([shard, writes]) => (writes.length === 0 ? [shard] : []));
      const isAnyDue = rest.length > 0 && rest.length < claimed.size;
      // The shards are due at one time, so that what they have goes in one flush.
      const more =
        isAnyDue && (request.aheadMs ?? 0) > 0 ? (await claimFromAll(rest, request, true)).values() : [];
      return [...claimed.values(), ...more].flat();
    },
    settle: (writes, laterAfterMs) => settle(writes, SETTLED, laterAfterMs),
    supersede: async (writes) => {
      await askEach(writes, keyOf, (client, { pending, due, attempts, dead, clock }, own) => {
        const keys = [pending, due, attempts, dead, clock];
        return runScript(
          client,
          scripts.supersede,
          own.map(({ key, seq }) => ({ keys, args: [key, `${seq}`] })),
        );
      });
    },
    retry: (writes, afterMs) => settle(writes, Math.max(0, Math.round(afterMs))),
    bury: async (write) => {
      const shard = shardOf(write.key);
      const { pending, due, attempts, dead } = shard;
      const args = [write.key, `${write.seq}`, letterOf(write)];
      const call = { keys: [pending, due, attempts, dead], args };
      await ask(shard, (client) => runScript(client, scripts.bury, [call]));
    },
    deadLetters: async () => {
      const letters = await Promise.all(
        shards.map((shard) => ask(shard, (client) => client.hgetallBuffer(shard.dead))),
      );
      return letters.flatMap((all) => Object.entries(all).flatMap(([key, text]) => readLetter(key, text)));
    },
    replay: (key) => {
      const shard = shardOf(key);
      const { pending, due, attempts, dead } = shard;
      return ask(shard, async (client) => {
        const found = await client.hgetBuffer(dead, key);
        const [letter] = found === null ? [] : readLetter(key, found);
        if (letter === undefined || found === null) return 'unknown';
        const args = [key, `${letter.seq}`, letter.record, found];
        const keys = [pending, due, attempts, dead];
        const [reply] = await runScript(client, scripts.replay, [{ keys, args }]);
        return reply === 1 ? 'replayed' : reply === 2 ? 'superseded' : 'unknown';
      });
    },
    restore: async (writes) => {
      const replies = await askEach(writes, keyOf, (client, shard, own) => {
        const { pending, due, clock, dead } = shard;
        const calls = own.map(({ key, seq, record }): ScriptCall => ({
          keys: [pending, due, clock, dead],
          args: [key, `${seq}`, record, EPOCH_FIELD, nextEpoch(shard)],
        }));
        return runScript(client, scripts.restore, calls);
      });
      return replies.flat().filter((reply) => reply === 1).length;
    },
    size: async () => {
      const sizes = await Promise.all(shards.map((shard) => ask(shard, (client) => sizeOf(client, shard))));
      return {
        pending: sizes.reduce((sum, { pending }) => sum + pending, 0),
        dead: sizes.reduce((sum, { dead }) => sum + dead, 0),
        overdueMs: Math.max(
          0,
          ...sizes.map(({ oldestMs }, index) => Math.round((place?.usOf(index) ?? 0) / 1000 - oldestMs)),
        ),
      };
    },
    close: () => place?.close(),
  };
}

const keyOf = ({ key }: Pick<WriteName, 'key'>): string => key;

async function sizeOf(client: Redis, { pending, dead, due }: ShardNames) {
  const [writes, epoch, letters, oldest] = await Promise.all([
    client.hlen(pending),
    client.hexists(pending, EPOCH_FIELD),
    client.hlen(dead),
    client.zrange(due, '0', '0', 'WITHSCORES'),
  ]);
  return { pending: writes - epoch, dead: letters, oldestMs: Number(oldest[1] ?? Infinity) };
}

function epochOf(text: unknown): string | undefined {
  return Buffer.isBuffer(text) ? text.toString('latin1') : undefined;
}
