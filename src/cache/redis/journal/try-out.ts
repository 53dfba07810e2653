import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { runScript, type ScriptCall } from '../connection/lua-script.js';
import { confirmationOf } from './confirmation.js';
import type { Declared } from './durability.js';
import { EPOCH_FIELD } from './epochs.js';
import type { ShardNames } from './journal-names.js';
import { journalScripts } from './journal-scripts.js';
import { letterOf, readWrite } from './written-forms.js';

export interface TriedOut extends Declared {
  /** What the keys of a shard are called that is there for this only. */
  readonly namesFor: (name: string) => ShardNames;
  readonly hasWaitAof: boolean;
  /** The name of an entry's generation, where accepting a write ends it. */
  readonly generationOf: ((key: string) => string) | undefined;
}

/**
 * Uses every command the journal will use, on keys of its own, and leaves none of them: what the server refuses is found
 * out when it is connected to, and not with the first write. @throws Error what the server refused.
 */
export async function tryOutJournal(redis: Redis, tried: TriedOut): Promise<void> {
  const key = `~try-out ${randomUUID()}`;
  const names = tried.namesFor(key);
  try {
    await useAll(redis, { ...tried, names, key });
  } finally {
    await redis.del(...Object.values(names));
  }
}

async function useAll(
  redis: Redis,
  { names, key, generationOf, ...declared }: TriedOut & { readonly names: ShardNames; readonly key: string },
): Promise<void> {
  const { pending, due, clock, attempts, dead } = names;
  const once = async (script: keyof typeof journalScripts, call: ScriptCall): Promise<unknown> =>
    (await runScript(redis, journalScripts[script], [call]))[0];
  const [waiting, burying] = [
    [pending, due, attempts],
    [pending, due, attempts, dead],
  ];
  const accepting = [pending, due, clock, attempts, dead, ...(generationOf ? [generationOf(key)] : [])];
  const accept = {
    keys: accepting,
    args: [key, 'tried', 0, 1, Number.MAX_SAFE_INTEGER, 0, EPOCH_FIELD, 'run tried', 1],
  };
  const claiming = [1, 0, 1, -1, EPOCH_FIELD, 'run', 'tried', 0, 0];
  // By its text as well, which is sent when the server has forgotten the scripts: after a restart, for one.
  await redis.call('EVAL', journalScripts.claim.text, 3, ...waiting, ...claiming);
  await once('accept', accept);
  const seq = readWrite(key, await redis.hgetBuffer(pending, key))?.seq ?? 0;
  await once('claim', { keys: waiting, args: claiming });
  await once('settle', { keys: waiting, args: [0, 0, key, `${seq}`] });
  const letter = letterOf({ key, seq, attempts: 1, error: '', buriedAtMs: 0, record: Buffer.from('tried') });
  await once('bury', { keys: burying, args: [key, `${seq}`, letter] });
  const kept = (await redis.hgetallBuffer(dead))[key];
  const replayed = await once('replay', { keys: burying, args: [key, `${seq}`, 'tried', letter] });
  await once('settle', { keys: waiting, args: [-1, 0, key, `${seq}`] });
  await once('accept', accept);
  // As if its time had been lost.
  await redis.zrem(due, key);
  await once('claim', { keys: waiting, args: claiming });
  const superseded = await once('supersede', {
    keys: [...burying, clock],
    args: [key, `${Number.MAX_SAFE_INTEGER}`],
  });
  const restore = {
    keys: [pending, due, clock, dead],
    args: [key, `${seq}`, 'tried', EPOCH_FIELD, 'run tried'],
  };
  const restored = await once('restore', restore);
  await redis.hmgetBuffer(pending, key, EPOCH_FIELD);
  await Promise.all([
    redis.hlen(pending),
    redis.hexists(pending, EPOCH_FIELD),
    redis.zrange(due, '0', '0', 'WITHSCORES'),
  ]);
  if (declared.replicas > 0) {
    const [command, ...numbers] = confirmationOf(declared, { ...declared, waitMs: 0 });
    // For none of them, so that it is answered at once.
    await redis.call(command, ...numbers.map(() => 0));
  }
  if (seq === 0 || kept?.equals(letter) !== true || replayed !== 1 || superseded !== 1 || restored !== 1) {
    throw new Error('NOPERM scripts cannot read back what they wrote');
  }
}
