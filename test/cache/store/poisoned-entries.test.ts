import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { Packr } from 'msgpackr';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry, type Entry } from '../../../src/cache/codec/entry.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { type Store } from '../../../src/cache/index.js';
import { needsRedis } from '../../support/needs.js';
import { workerRedis, type WorkerRedis } from '../../support/servers/worker-redis.js';
import { rowCache, type Row, type RowCache } from '../../support/worlds/row-cache.js';

const MEGABYTE = 1024 * 1024;
const DEFLATED = 1;
const HINTED = 2;
const OTHER_KEY = 'Row:other';

/** What somebody else may leave where an entry was, made from the good one. */
type Poison = (good: Buffer, entry: Entry) => Buffer;

const withPayload = (good: Buffer, entry: Entry, payload: Buffer, flags = 0): Buffer => {
  const header = Buffer.from(good.subarray(0, good.length - entry.payload.length));
  // A hint stands before the payload, where there is one.
  header[1] = flags | (header.readUInt8(1) & HINTED);
  return Buffer.concat([header, payload]);
};
const packed = (value: unknown): Buffer => Buffer.from(new Packr({ useRecords: false }).pack(value));

/** A row as anybody could have stored it, only larger. */
const rowOf = (bytes: number): Buffer => packed({ id: '1', version: 0, more: Buffer.alloc(bytes) });

const POISONS: readonly (readonly [string, Poison])[] = [
  ['nothing at all', () => Buffer.alloc(0)],
  ['text', () => Buffer.from('{"id":"1","version":0}')],
  ['the format of tomorrow', (good) => Buffer.concat([Buffer.from([255]), good.subarray(1)])],
  ["another key's entry", (_, entry) => encodeEntry({ ...entry, key: OTHER_KEY })],
  ['flags of tomorrow', (good, entry) => withPayload(good, entry, Buffer.from(entry.payload), 4)],
  [
    'what only claims to be deflated',
    (good, entry) => withPayload(good, entry, Buffer.from(entry.payload), DEFLATED),
  ],
  [
    'a compression bomb',
    (good, entry) => withPayload(good, entry, deflateRawSync(rowOf(100 * MEGABYTE)), DEFLATED),
  ],
  ['10 MB', (good, entry) => withPayload(good, entry, rowOf(10 * MEGABYTE))],
  ['half a value', (good, entry) => withPayload(good, entry, packed({ id: '1', version: 0 }).subarray(0, 8))],
  [
    'a value and more',
    (good, entry) => withPayload(good, entry, Buffer.concat([packed({ id: '1' }), packed(1)])),
  ],
  [
    'a list that claims to be endless',
    (good, entry) => withPayload(good, entry, Buffer.from([0xdd, 255, 255, 255, 255])),
  ],
  ['a type that nobody knows', (good, entry) => withPayload(good, entry, Buffer.from([0xd4, 0x33, 1]))],
];

/** These can be decoded, and say themselves that they no longer count. */
const OTHER_GENERATIONS: readonly (readonly [string, Poison])[] = [
  ['no generations', (_, entry) => encodeEntry({ ...entry, generations: [] })],
  ['one more', (_, entry) => encodeEntry({ ...entry, generations: [...entry.generations, 'x'] })],
  ['others', (_, entry) => encodeEntry({ ...entry, generations: entry.generations.map(() => 'x') })],
];

/** A planted fault: what was stored under another key is taken for an entry of the key that was asked for. */
function withoutEcho(store: Store): Store {
  const claimed = (bytes: Uint8Array, key: string): Uint8Array => {
    const entry = decodeEntry(bytes, OTHER_KEY, MEGABYTE);
    return entry === undefined ? bytes : encodeEntry({ ...entry, key });
  };
  return {
    ...store,
    read: async (addresses) =>
      (await store.read(addresses)).map((reading, at) => ({
        ...reading,
        bytes: reading.bytes && claimed(reading.bytes, addresses[at]?.key ?? ''),
      })),
  };
}

describe.skipIf(!needsRedis())('what is not an entry, in the place of one', () => {
  let server: WorkerRedis;
  let redis: Redis;
  let rows: RowCache;
  let loads = 0;
  let made = 0;

  async function startRows(plant: (store: Store) => Store = (store) => store): Promise<RowCache> {
    // A busy machine takes its time for 10 MB, and a store that is away replaces nothing.
    const settings = { prefix: 'poison', commandTimeoutMs: 5000 };
    const store = redisStore(new Redis(server.url, { lazyConnect: true }), settings);
    const load = (id: string): Promise<Row> => Promise.resolve({ id, version: (loads += 1) });
    const database = { load, write: () => Promise.reject(new Error('nobody writes here')) };
    const started = rowCache({ store: plant(store), database });
    await started.cache.start();
    return started;
  }

  beforeAll(async () => {
    server = await workerRedis();
    redis = new Redis(server.url);
    rows = await startRows();
  });
  afterEach(() => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
  afterAll(async () => {
    await rows.cache.close();
    redis.disconnect();
    await server.stop();
  });

  const undecodable = (): number => rows.cache.stats.counters()['Query.through']?.undecodable ?? 0;
  const keyOf = async (kind: 'e' | 'g', name: string): Promise<string> => {
    const [key = ''] = await redis.keys(`poison:*${kind}:{${name}}`);
    return key;
  };

  interface WarmRow {
    readonly id: string;
    readonly version: number;
    readonly entryKey: string;
  }

  /** A row that has been read, and its entry in Redis. */
  async function warmRow(): Promise<WarmRow> {
    const id = `${(made += 1)}`;
    const version = await rows.read('through', id);
    const entryKey = (): Promise<string> => keyOf('e', `Row:${id}`);
    await expect.poll(entryKey, { interval: 2 }).not.toBe('');
    return { id, version, entryKey: await entryKey() };
  }

  async function poisoned(poison: Poison): Promise<WarmRow> {
    const row = await warmRow();
    const good = await redis.getBuffer(row.entryKey);
    const entry = good === null ? undefined : decodeEntry(good, `Row:${row.id}`, MEGABYTE);
    if (good === null || entry === undefined) throw new Error('the entry was not stored');
    await redis.set(row.entryKey, poison(good, entry), 'KEEPTTL');
    return row;
  }

  /** The poison was a miss, the origin answered, and its answer has taken the place of the poison. */
  async function isReplaced({ id, version }: WarmRow, by = rows): Promise<void> {
    const loadsBefore = loads;
    const answer = await by.read('through', id);
    expect(answer).toBeGreaterThan(version);
    await expect.poll(() => by.read('through', id), { interval: 2 }).toBe(answer);
    expect(loads).toBe(loadsBefore + 1);
  }

  it.each(POISONS)('is a miss, counted, and replaced: %s', async (_, poison) => {
    const before = undecodable();
    await isReplaced(await poisoned(poison));
    expect(undecodable()).toBeGreaterThan(before);
  });

  it.each(OTHER_GENERATIONS)('is a miss, and replaced: %s', async (_, poison) => {
    await isReplaced(await poisoned(poison));
  });

  it('is a miss, counted, wherever it was cut', async () => {
    const { entryKey } = await warmRow();
    const length = await redis.strlen(entryKey);
    for (let at = 0; at < length; at += 1) {
      const before = undecodable();
      await isReplaced(await poisoned((good) => good.subarray(0, at)));
      expect(undecodable(), `cut at ${at}`).toBeGreaterThan(before);
    }
  });

  it('is a miss, counted, whatever bytes there are', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const before = undecodable();
      await isReplaced(await poisoned(() => Buffer.from(bytes)));
      expect(undecodable()).toBeGreaterThan(before);
    });
    await fc.assert(property, { numRuns: 100 });
  });

  it('reaches no prototype', async () => {
    const evil =
      '{"id":"1","version":666,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const { id } = await poisoned((good, entry) => withPayload(good, entry, packed(JSON.parse(evil))));
    await rows.read('through', id);
  });

  it('is answered by the origin when it takes too long to read, and is replaced all the same', async () => {
    const { id, version, entryKey } = await poisoned((good, entry) =>
      withPayload(good, entry, rowOf(50 * MEGABYTE)),
    );
    const sizeAfterRead = async (): Promise<number> => {
      expect(await rows.read('through', id)).toBeGreaterThan(version);
      return redis.strlen(entryKey);
    };
    await expect.poll(sizeAfterRead, { timeout: 10_000, interval: 20 }).toBeLessThan(MEGABYTE);
    await expect.poll(() => rows.cache.stats.storeIsAway(), { timeout: 10_000 }).toBe(false);
  });

  it.each([
    ['a list', (key: string) => redis.lpush(key, 'x')],
    ['a hash', (key: string) => redis.hset(key, 'x', 'y')],
    ['a set', (key: string) => redis.sadd(key, 'x')],
  ])('is a miss, and replaced, where it is %s: an entry, a generation, a lease', async (_, put) => {
    for (const kind of ['e', 'g'] as const) {
      const row = await warmRow();
      const key = await keyOf(kind, `Row:${row.id}`);
      await redis.del(key);
      await put(key);
      await isReplaced(row);
    }
    const row = await warmRow();
    await redis.del(row.entryKey);
    await put(row.entryKey.replace(':e:', ':l:'));
    await isReplaced(row);
  });

  it('would be served, if nobody looked whose entry it is', async () => {
    const row = await poisoned((_, entry) => encodeEntry({ ...entry, key: OTHER_KEY }));
    const careless = await startRows(withoutEcho);
    expect(await careless.read('through', row.id)).toBe(row.version);
    await careless.cache.close();
  });
});
