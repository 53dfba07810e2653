import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { encodeEntry, type EntryHeader } from '../../../src/cache/codec/entry.js';
import { createValueCodec } from '../../../src/cache/codec/value-codec.js';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { createFieldCounters } from '../../../src/cache/metrics/field-counters.js';
import { LocalCopies } from '../../../src/cache/store/local-copies.js';
import {
  valueOf,
  type EntryField,
  type Found,
  type Lifetime,
} from '../../../src/cache/coherence/entry-field.js';
import { earlyRefresh } from '../../../src/cache/stampede/early-refresh.js';
import { Entries } from '../../../src/cache/coherence/entries.js';
import { generationsFor } from '../../support/stores/generations-for.js';
import { manualClock } from '../../support/manual-clock.js';
import { decimalType, storableValue } from '../../support/stores/storable-values.js';

const ADDRESS = { key: 'Movie:1', tags: ['Movies'] };
const LIFETIME: Lifetime = { ttlMs: 60_000, negativeTtlMs: 6_000, staleMs: 0, localMs: 0, maxBytes: 102_400 };
const codec = createValueCodec([decimalType]);

function entriesOver(store: Store) {
  const clock = manualClock();
  const troubles: string[] = [];
  const entries = new Entries({
    store,
    copies: new LocalCopies({ maxEntries: 100, maxBytes: 1_000_000, eviction: 'lru' }),
    codec,
    decodedMaxBytes: 1_000_000,
    clock,
    refuse: (_, reason) => {
      throw new Error(reason);
    },
    random: () => 0,
    early: earlyRefresh({ random: () => 0, beta: 1 }),
    leaseMs: 1500,
    believedForMs: () => undefined,
    isLoadedSoon: () => false,
    onRead: () => undefined,
    onStoreTrouble: (operation) => troubles.push(operation),
  });
  const field: EntryField = { lifetime: LIFETIME, counters: createFieldCounters() };
  return { entries, clock, field, troubles };
}

/** A process that finds `stored` under the present generations, as if another one had written it. */
async function found(stored: (header: EntryHeader) => Uint8Array, lifetime: Partial<Lifetime> = {}) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const { entries, field } = entriesOver(store);
  const [generations = []] = await generationsFor(store, [ADDRESS]);
  const header = { key: ADDRESS.key, generations, loadedAtMs: clock.nowMs(), freshForMs: 60_000, loadMs: 1 };
  await store.fill([{ ...ADDRESS, bytes: stored(header), generations, keepForMs: 60_000 }]);
  const read: Found | undefined = await entries.findOne(
    { ...field, lifetime: { ...LIFETIME, ...lifetime } },
    ADDRESS,
  );
  return { read, counters: field.counters };
}

const entryOf = (header: EntryHeader, value: unknown): Buffer =>
  encodeEntry({ ...header, payload: codec.encode(value) });

describe('an entry that another process wrote', () => {
  it('is found as what it was', async () => {
    const property = fc.asyncProperty(storableValue, async (value) => {
      const { read } = await found((header) => entryOf(header, value));
      expect(read !== undefined && isDeepStrictEqual(read.value, value)).toBe(true);
    });
    await fc.assert(property, { numRuns: 1000 });
  });

  it('is a miss, counted, wherever it is cut off', async () => {
    const whole = await found((header) =>
      entryOf(header, { id: 1, title: 'a film', list: [1, 2, { x: 'y' }] }),
    );
    expect(whole.read).toBeDefined();
    let length = 0;
    for (let atEnd = false; !atEnd; length += 1) {
      const { read, counters } = await found((header) => {
        const bytes = entryOf(header, { id: 1, title: 'a film', list: [1, 2, { x: 'y' }] });
        atEnd = length === bytes.length - 1;
        return bytes.subarray(0, length);
      });
      expect(read).toBeUndefined();
      expect(counters.undecodable).toBe(1);
    }
    expect(length).toBeGreaterThan(50);
  });

  it('is a miss wherever it is cut off, whatever it holds', async () => {
    const property = fc.asyncProperty(
      storableValue,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (value, share) => {
        const { read } = await found((header) => {
          const bytes = entryOf(header, value);
          return bytes.subarray(0, Math.floor(bytes.length * share));
        });
        expect(read).toBeUndefined();
      },
    );
    await fc.assert(property, { numRuns: 3000 });
  });

  it('is never an error, whichever of its bytes are flipped', async () => {
    const flip = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 }));
    const property = fc.asyncProperty(
      storableValue,
      fc.array(flip, { minLength: 1, maxLength: 4 }),
      async (value, flips) => {
        const { read, counters } = await found((header) => {
          const bytes = entryOf(header, value);
          for (const [at, mask] of flips)
            bytes.writeUInt8(bytes.readUInt8(at % bytes.length) ^ mask, at % bytes.length);
          return bytes;
        });
        expect(read === undefined || counters.undecodable === 0).toBe(true);
        expect(Object.keys(Object.prototype)).toEqual([]);
      },
    );
    await fc.assert(property, { numRuns: 5000 });
  });

  it.each<[string, (header: EntryHeader) => Uint8Array]>([
    ['echoes another key', (header) => entryOf({ ...header, key: 'Movie:2' }, 1)],
    [
      'is of another format version',
      (header) => Buffer.concat([Buffer.of(1), entryOf(header, 1).subarray(1)]),
    ],
    ['has no payload', (header) => encodeEntry({ ...header, payload: new Uint8Array() })],
    ['has bytes after its payload', (header) => Buffer.concat([entryOf(header, 1), Buffer.of(1)])],
    ['is nothing at all', () => new Uint8Array()],
    ['is a text', () => Buffer.from('{"data":{"movie":null}}')],
    [
      'holds a value of an unregistered type',
      (header) =>
        encodeEntry({
          ...header,
          payload: createValueCodec([
            { ...decimalType, name: 'Money', is: isMoney, encode: () => '1' },
          ]).encode(new Money()),
        }),
    ],
  ])('is a miss, counted, when it %s', async (_what, stored) => {
    const { read, counters } = await found(stored);
    expect(read).toBeUndefined();
    expect(counters.undecodable).toBe(1);
  });

  it('is a miss, counted, when it holds an Error, which would fail the field', async () => {
    const smuggled = new Packr({ useRecords: false, structuredClone: true }).pack(new Error('gotcha'));
    const { read, counters } = await found((header) => encodeEntry({ ...header, payload: smuggled }));
    expect(read).toBeUndefined();
    expect(counters.undecodable).toBe(1);
  });

  it('is a miss when it inflates beyond what the field may store', async () => {
    const large = { text: 'x'.repeat(50_000) };
    expect((await found((header) => entryOf(header, large))).read?.value).toEqual(large);
    const { read, counters } = await found((header) => entryOf(header, large), { maxBytes: 40_000 });
    expect(read).toBeUndefined();
    expect(counters.undecodable).toBe(1);
  });

  it('is a miss when it carries fewer or more generations than there are tags', async () => {
    const fewer = await found((header) =>
      entryOf({ ...header, generations: header.generations.slice(0, 1) }, 1),
    );
    const more = await found((header) =>
      entryOf({ ...header, generations: [...header.generations, 'x'] }, 1),
    );
    expect([fewer.read, more.read]).toEqual([undefined, undefined]);
  });

  it('is a miss when a generation in it is not the present one', async () => {
    const { read } = await found(({ generations, ...header }) =>
      entryOf({ ...header, generations: [...generations.slice(0, 1), 'another'] }, 1),
    );
    expect(read).toBeUndefined();
  });

  it('is handed to each reader as a value of its own', async () => {
    const { read } = await found((header) => entryOf(header, { list: [{ id: 1 }] }));
    const [one, other] = [read && valueOf(read), read && valueOf(read)];
    expect(one).toEqual({ list: [{ id: 1 }] });
    expect(other).toEqual(one);
    expect(other).not.toBe(one);
    expect(Reflect.get(Object(other), 'list')).not.toBe(Reflect.get(Object(one), 'list'));
  });
});

class Money {}
const isMoney = (value: unknown): value is never => value instanceof Money;

describe('a fill', () => {
  it('hands back what every later reader will see', async () => {
    const property = fc.asyncProperty(storableValue, async (value) => {
      const { entries, field } = entriesOver(memoryStore());
      const [claimed] = (await entries.claim([{ field, address: ADDRESS }])) ?? [];
      const generations = claimed?.claim.generations ?? [];
      const filled = entries.fill(field, {
        address: ADDRESS,
        generations,
        lease: undefined,
        value,
        loadMs: 1,
      });
      const read = await entries.findOne(field, ADDRESS);
      expect(isDeepStrictEqual(filled.value, value)).toBe(true);
      expect(isDeepStrictEqual(read?.value, value)).toBe(true);
    });
    await fc.assert(property, { numRuns: 500 });
  });

  it.each<[string, unknown]>([
    ['a function', () => 1],
    ['an object made from one that has no prototype', Object.create(Object.create(null))],
    ['fields named constructor and toJSON', { constructor: 'x', toJSON: 'y' }],
  ])(
    'of what cannot be stored answers it all the same, and is no trouble of the store: %s',
    async (_what, value) => {
      const { entries, field, troubles } = entriesOver(memoryStore());
      const [claimed] = (await entries.claim([{ field, address: ADDRESS }])) ?? [];
      const generations = claimed?.claim.generations ?? [];
      const filled = entries.fill(field, {
        address: ADDRESS,
        generations,
        lease: undefined,
        value: { value },
        loadMs: 1,
      });
      expect(filled.value).toEqual({ value });
      expect(troubles).toEqual([]);
    },
  );

  it('of a null keeps it for the shorter time', async () => {
    const { entries, field, clock } = entriesOver(memoryStore());
    const [claimed] = (await entries.claim([{ field, address: ADDRESS }])) ?? [];
    const generations = claimed?.claim.generations ?? [];
    entries.fill(field, { address: ADDRESS, generations, lease: undefined, value: null, loadMs: 1 });
    clock.advance(6_000);
    expect(await entries.findOne(field, ADDRESS)).toMatchObject({ value: null });
    clock.advance(1);
    expect(await entries.findOne(field, ADDRESS)).toBeUndefined();
  });
});
