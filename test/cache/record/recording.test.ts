import { describe, expect, it, onTestFinished } from 'vitest';
import { readRecording, simulate, type Recording } from '../../../src/cache/advise/index.js';
import { createCache, memoryStore } from '../../../src/cache/index.js';
import type { RecordedEvent } from '../../../src/cache/advise/index.js';
import { WholeNumbers, WholeNumbersRead } from '../../../src/cache/record/whole-numbers.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';

const typeDefs = `type Query {
  film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}", tags: ["Genre:{args.id}"])
  mine: String @cached(ttl: 5, scope: PRIVATE)
}`;

function recorded(options: Partial<TestCacheOptions> = {}): ReturnType<typeof testCache> {
  const used = testCache({
    typeDefs,
    resolvers: { Query: { film: (_, { id }) => `title ${id}`, mine: () => 'secret' } },
    record: {},
    ...options,
  });
  onTestFinished(() => used.cache.close());
  return used;
}

describe('a recording', () => {
  it('has what readers asked for, what was stored and what was invalidated, and when', async () => {
    const { cache, clock, query } = recorded();
    await query('{ a: film(id: 1) b: film(id: 2) }');
    clock.advance(500);
    await query('{ film(id: 1) }');
    await cache.invalidate(['Genre:1']);
    const { fields, events, isFull } = readRecording(cache.stats.recording() ?? new Uint8Array());
    expect(isFull).toBe(false);
    expect(fields).toEqual([
      {
        ...{ coordinate: 'Query.film', pattern: 'CACHE_ASIDE', ttlMs: 60_000, negativeTtlMs: 6000 },
        ...{ swrMs: 0, staleMs: 0 },
      },
    ]);
    const reads = events.filter(({ kind }) => kind === 'read');
    expect(reads.map((event) => (event.kind === 'read' ? event.key : undefined))).toEqual([0, 1, 0]);
    expect(events.filter(({ kind }) => kind === 'stored')).toHaveLength(2);
    const [first, last] = [events[0], events.at(-1)];
    expect(last?.kind).toBe('invalidated');
    expect((last?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(500);
  });

  it('has no key, tag, viewer or value in it', async () => {
    const { cache, query } = recorded();
    await query('{ film(id: "one-of-a-kind") mine }', { viewer: { id: 'viewer-7' } });
    await cache.invalidate(['Genre:one-of-a-kind']);
    const text = Buffer.from(cache.stats.recording() ?? []).toString('latin1');
    expect(text).toContain('Query.film');
    for (const private_ of ['one-of-a-kind', 'viewer-7', 'title', 'secret', 'Genre', 'Film'])
      expect(text).not.toContain(private_);
  });

  it('takes no more than it may, and says that it is full', async () => {
    const { cache, query } = recorded({ record: { maxBytes: 3000 } });
    for (let id = 0; id < 200; id += 1) await query(`{ film(id: ${id}) }`);
    const bytes = cache.stats.recording() ?? new Uint8Array();
    expect(bytes.length).toBeLessThan(3000);
    const { isFull, events } = readRecording(bytes);
    expect(isFull).toBe(true);
    expect(events.length).toBeGreaterThan(20);
    expect(events.length).toBeLessThan(200);
  });

  it('is not there without the option, and has no reads of its own', async () => {
    const without = recorded({ record: undefined });
    await without.query('{ film(id: 1) }');
    expect(without.cache.stats.recording()).toBeUndefined();
    // What is kept warm is asked for by no reader.
    const { cache } = recorded({
      typeDefs: 'type Query { film: String @cached(ttl: 60, pattern: PREFETCH) }',
      resolvers: { Query: { film: () => 'a' } },
      warm: { 'Query.film': () => [{}] },
    });
    await cache.start();
    await cache.warm.ready();
    const { events } = readRecording(cache.stats.recording() ?? new Uint8Array());
    expect(events.map(({ kind }) => kind)).toEqual(['stored']);
  });

  it('is refused where it cannot be', () => {
    const make = (record: object) => () => createCache({ store: memoryStore(), record });
    expect(make({ maxBytes: 0 })).toThrow('record.maxBytes must be a positive whole number, but got 0');
    expect(make({ maxByte: 5 })).toThrow('record.maxByte');
  });

  it('is read back only where it is one', () => {
    const read =
      (text: string): (() => Recording) =>
      () =>
        readRecording(Buffer.from(text));
    expect(read('')).toThrow('this is no recording of a cache');
    expect(read('{"a":1}\n')).toThrow('this is no recording of a cache');
    expect(read('{"version":9,"fields":[],"isFull":false}\n')).toThrow('has the version 9');
    expect(read('{"version":1,"fields":[],"isFull":false}\n\u0007\u0001')).toThrow('this is no recording');
    expect(read('{"version":1,"fields":[],"isFull":false}\n\u0000\u0001')).toThrow(
      'in the middle of a number',
    );
  });

  it('has numbers of any size, one after the other', () => {
    const numbers = [0, 1, 127, 128, 300, 2 ** 31, Number.MAX_SAFE_INTEGER];
    const written = new WholeNumbers();
    for (const number of [...numbers, -3, NaN, 1.6]) written.add(number);
    const read = new WholeNumbersRead(written.bytes());
    expect(Array.from({ length: 10 }, () => read.next())).toEqual([...numbers, 0, 0, 2]);
    expect(read.isAtEnd).toBe(true);
  });
});

describe('a simulation', () => {
  const field = {
    ...{ coordinate: 'Query.film', pattern: 'CACHE_ASIDE', ttlMs: 10_000, negativeTtlMs: 1000 },
    ...{ swrMs: 0, staleMs: 0 },
  };
  const of = (...events: RecordedEvent[]): Recording => ({
    version: 1,
    isFull: false,
    fields: [field],
    events,
  });
  const read = (atMs: number, key = 0): RecordedEvent => ({ kind: 'read', atMs, field: 0, key });
  const stored = (
    atMs: number,
    more: Partial<Extract<RecordedEvent, { kind: 'stored' }>> = {},
  ): RecordedEvent => ({
    ...{ kind: 'stored', atMs, key: 0, bytes: 100, loadMs: 0, isNull: false, isWrite: false, tags: [0, 9] },
    ...more,
  });
  const ended = (atMs: number, ...tags: number[]): RecordedEvent => ({ kind: 'invalidated', atMs, tags });
  const hitsOf = (recording: Recording, change: object = {}): unknown[] => {
    const { fields } = simulate(recording, { random: () => 0, fields: { '*': change } });
    return fields.map(({ hits, loads }) => [hits, loads]);
  };

  it('has readers join a load that is under way', () => {
    const events = [read(0), read(10), read(49), stored(50, { loadMs: 50 }), read(51)];
    expect(hitsOf(of(...events))).toEqual([[1, 1]]);
  });

  it('ends entries by their key and by their tags, and what is being loaded meanwhile', () => {
    expect(hitsOf(of(read(0), stored(0), ended(5, 0), read(6), ended(7, 9), read(8), read(9)))).toEqual([
      [1, 3],
    ]);
    const whileLoading = [read(0), ended(20, 9), stored(50, { loadMs: 50 }), read(60)];
    expect(hitsOf(of(...whileLoading))).toEqual([[0, 2]]);
  });

  it('has what a write has stored, and keeps a null for less long', () => {
    expect(hitsOf(of(read(0), stored(0), ended(5, 0), stored(5, { isWrite: true }), read(6)))).toEqual([
      [1, 1],
    ]);
    expect(hitsOf(of(read(0), stored(0, { isNull: true }), read(900), read(1100)))).toEqual([[1, 2]]);
  });

  it('refuses what cannot be, and fields that were not recorded', () => {
    expect(() => hitsOf(of(read(0)), { ttl: 0 })).toThrow('ttl must be more than 0 seconds');
    expect(() => simulate(of(read(0)), { fields: { 'Query.other': { ttl: 1 } } })).toThrow(
      'The recording has no reads of Query.other; it has Query.film.',
    );
  });
});
