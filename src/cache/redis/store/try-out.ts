import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { countAsked, mostAsked } from './asked-in-redis.js';
import { intentionOf } from './claims.js';
import { announce, readLog } from './invalidation-log.js';
import { invalidations, putOf } from './invalidations.js';
import { runScript, runTogether, type ScriptCall } from '../connection/lua-script.js';
import { readTexts } from './read-entries.js';
import type { RedisNames } from '../redis-names.js';
import { storeScripts } from './store-scripts.js';

const KEPT_MS = 1000;

type EntryNames = Pick<RedisNames, 'entry' | 'lease' | 'generation' | 'asked' | 'askedFaded' | 'channel'>;

/**
 * Uses every command the store will use, on a key of its own: what the server refuses is found out at the start, and
 * not in the middle of a request. @throws Error what the server refused.
 */
export async function tryOut(redis: Redis, names: RedisNames): Promise<void> {
  const key = `~try-out ${randomUUID()}`;
  await tryOutEntries(redis, names, key);
  // In two slots: a proxy that hides a cluster refuses what one server answers.
  const inTwoSlots = [key, `${key} beside`];
  await readTexts(redis, [names.entry(key), names.generation(`${key} beside`)]);
  const keys = inTwoSlots.flatMap((one) => [names.entry(one), names.generation(one), names.lease(one)]);
  // Under a generation that there is not, nothing is stored.
  const args = inTwoSlots.flatMap((one) => ['none', '', KEPT_MS, one, names.channel, one, KEPT_MS]);
  const [both = []] = await runTogether(redis, storeScripts.fill, [{ keys, args }], inTwoSlots.length);
  if (both.length === 0) throw new Error('NOPERM a script does not answer for each of two entries');
  await announce(redis, names.log, [key]);
  await readLog(redis, names.log, undefined);
  await redis.xrange(names.log, '-', '+', 'COUNT', 1);
}

/** The same, without the log of invalidations: what is called by the key alone. */
export async function tryOutEntries(redis: Redis, names: EntryNames, key: string): Promise<void> {
  const [entry, lease, generation] = [names.entry(key), names.lease(key), names.generation(key)];
  const once = async (script: keyof typeof storeScripts, call: ScriptCall): Promise<unknown> =>
    (await runScript(redis, storeScripts[script], [call]))[0];
  const acquire = (): Promise<unknown> => {
    const args = [randomUUID(), KEPT_MS, key, KEPT_MS, ''];
    return once('acquire', { keys: [generation, lease, entry], args });
  };
  // By its text as well, which is sent when the server has forgotten the scripts: after a restart, for one.
  await redis.call('EVAL', storeScripts.release.text, 1, lease, key, names.channel, key);
  const [present] = listOf(await acquire());
  await once('renew', { keys: [lease, generation], args: [key, KEPT_MS, KEPT_MS] });
  const fill = [String(present), 'tried', KEPT_MS, key, names.channel, key, KEPT_MS];
  const [filled] = listOf(await once('fill', { keys: [entry, generation, lease], args: fill }));
  const [, , found] = listOf(await acquire());
  await once('release', { keys: [lease], args: [key, names.channel, key] });
  const [read] = await readTexts(redis, [entry]);
  const address = { key, tags: [], keepForMs: KEPT_MS };
  const captured = String(
    await once(
      'intend',
      intentionOf(names, { ...address, onlyHot: true }, () => randomUUID()),
    ),
  );
  const bytes = Buffer.from('tried');
  const row = { ...address, captured, version: 1, generation: randomUUID(), bytes };
  const ending = { tags: [key], versions: new Map([[key, 1]]) };
  const stored: unknown[] = [];
  for (const call of [
    ...invalidations(names, ending, () => randomUUID()),
    putOf(names, row),
    ...invalidations(names, { tags: [key] }, () => randomUUID()),
  ]) {
    stored.push(await once('invalidate', call));
  }
  const asked = { field: key, asked: [{ argumentSet: Buffer.from('tried'), times: 1 }] };
  await countAsked(redis, names, asked);
  await mostAsked(redis, names, { field: key, atMost: 1 });
  await redis.del(names.asked(key), names.askedFaded(key));
  // Where no process listens: a message of each process to each would be a million where a thousand start.
  await redis.publish(`${names.channel}:try-out`, key);
  // Scripts read with pcall, so that what another program put there is no error: what is forbidden is none either.
  const isStored = stored.every((reply) => reply === 1);
  if (filled instanceof Error) throw filled;
  if (filled !== 1 || !isStored || String(found) !== 'tried' || String(read) !== 'tried') {
    throw new Error('NOPERM scripts cannot read back what they wrote, with get, strlen and mget');
  }
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}
