import type { Redis } from 'ioredis';
import { namespaceOf } from '../../keys/namespace.js';
import type { Holding } from '../../store/store.js';
import type { RedisNames } from '../redis-names.js';

/** Keys that are drawn: shares of a tenth of all are then right within some percent. */
const DRAWN = 200;
const NEVER_EXPIRES = -1;

/**
 * What lies in the server by namespace, reckoned from keys drawn at random: their share of all keys. Nothing is scanned, so it
 * costs the same however many keys there are.
 */
export async function sampleHoldings(
  redis: Redis,
  names: Pick<RedisNames, 'all'>,
): Promise<readonly Holding[]> {
  const [all, ...drawn] = await Promise.all([
    redis.dbsize(),
    ...Array.from({ length: DRAWN }, () => redis.randomkey()),
  ]);
  const keys = drawn.filter((key): key is string => key !== null);
  const entries = keys.flatMap((key) => {
    const namespace = entryNamespace(key, names);
    return namespace === undefined ? [] : [{ key, namespace }];
  });
  const looked = await Promise.all(
    entries.map(async ({ key, namespace }) => {
      const [bytes, expiry] = await Promise.all([redis.memory('USAGE', key), redis.pttl(key)]);
      return { namespace, bytes: Number(bytes ?? 0), isImmortal: expiry === NEVER_EXPIRES };
    }),
  );
  const found = new Map<string, { entries: number; bytes: number; withoutExpiry: number }>();
  for (const { namespace, bytes, isImmortal } of looked) {
    const of = found.get(namespace) ?? { entries: 0, bytes: 0, withoutExpiry: 0 };
    of.entries += 1;
    of.bytes += bytes;
    of.withoutExpiry += isImmortal ? 1 : 0;
    found.set(namespace, of);
  }
  const each = keys.length === 0 ? 0 : all / keys.length;
  return Array.from(found, ([of, { entries: count, bytes, withoutExpiry }]) => ({
    of,
    entries: Math.round(count * each),
    bytes: Math.round(bytes * each),
    withoutExpiry,
    isEstimate: true,
  }));
}

/** The namespace of an entry, `Movie` of `films:2:abc:e:{Movie:42}`; undefined for what is none of ours, or no entry. */
function entryNamespace(key: string, { all }: Pick<RedisNames, 'all'>): string | undefined {
  if (!key.startsWith(all)) return undefined;
  const row = /^[^:]+:[^:]+:e:\{(.*)$/s.exec(key.slice(all.length))?.[1];
  // Keys that no template names begin with the field: `Query.film(id:"7")`.
  return row === undefined ? undefined : namespaceOf(row).split(/[(|}]/)[0];
}
