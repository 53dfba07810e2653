import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { channels } from '../../../src/cache/diagnostics/index.js';
import { memoryJournal, memoryStore } from '../../../src/cache/index.js';
import { addCacheSpans, type CacheSpansOptions } from '../../../src/cache/opentelemetry/index.js';
import { memoryOutbox } from '../../../src/cache/testing/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { createGate } from '../../support/gate.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';
import { flushed } from '../../support/worlds/flushed.js';

const typeDefs = `
  type Film { id: ID! title: String }
  type Query {
    film(id: ID!): Film @cached(ttl: 10, pattern: READ_THROUGH, key: "Film:{args.id}")
    mine(secret: String!): String @cached(ttl: 10, scope: PRIVATE)
    swift: String @cached(ttl: 10, swr: 10)
    charts: String @cached(ttl: 10, pattern: PREFETCH, refreshEvery: 8)
    noted(id: ID!): Film @cached(ttl: 10, pattern: READ_THROUGH, key: "Note:{args.id}")
  }
  type Mutation {
    rename(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}"])
    note(id: ID!): Film @cached(ttl: 10, pattern: WRITE_BEHIND, key: "Note:{args.id}")
  }
`;

const manager = new AsyncLocalStorageContextManager();
beforeAll(() => void context.setGlobalContextManager(manager.enable()));
afterAll(() => context.disable());

/** A cache, with spans that are kept in memory. */
function spanned(options: CacheSpansOptions = {}, cacheOptions: Partial<TestCacheOptions> = {}) {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const tracer = tracerProvider.getTracer('test');
  let load = async (): Promise<void> => Promise.resolve();
  const tested = testCache({
    typeDefs,
    journal: memoryJournal(),
    resolvers: {
      Query: {
        mine: () => 'diary',
        swift: () => 'rain',
        charts: () => 'hits',
      },
      Mutation: { rename: () => true, note: (_, { id }) => ({ id, title: 'noted' }) },
    },
    origins: {
      Film: {
        load: async (ids) => {
          await load();
          // As the driver of a database does, which is told of no parent.
          tracer.startSpan('SELECT').end();
          return ids.map((id) => ({ id, title: `film ${id}` }));
        },
      },
      Note: { load: (ids) => Promise.resolve(ids.map(() => null)), flush: () => Promise.resolve() },
    },
    ...cacheOptions,
  });
  onTestFinished(() => tested.cache.close());
  const stop = addCacheSpans({ tracerProvider, ...options });
  onTestFinished(stop);
  /** An operation in a span of its own, as a server makes one. */
  const operation = (source: string, viewer?: { id: string }): Promise<unknown> =>
    tracer.startActiveSpan(`operation ${source}`, async (span) => {
      const { result } = await tested.query(source, viewer && { viewer });
      span.end();
      return result;
    });
  const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
  const named = (start: string): ReadableSpan => {
    const found = spans().find(({ name }) => name.startsWith(start));
    if (found === undefined)
      throw new Error(
        `no span ${start} among ${spans()
          .map(({ name }) => name)
          .join()}`,
      );
    return found;
  };
  return { ...tested, tracer, stop, operation, spans, named, setLoad: (next: typeof load) => (load = next) };
}

const idOf = (span: ReadableSpan): string => span.spanContext().spanId;
const parentOf = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId;

describe('addCacheSpans', () => {
  it('makes a load a child of the read that began it, and what the load does its child', async () => {
    const { operation, named, spans } = spanned();
    await operation('{ film(id: 1) { title } }');
    const [read, load] = [named('cache.read'), named('cache.load')];
    expect(parentOf(read)).toBe(idOf(named('operation')));
    expect(parentOf(load)).toBe(idOf(read));
    expect(parentOf(named('SELECT'))).toBe(idOf(load));
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(read.name).toBe('cache.read Query.film');
    expect(read.attributes).toEqual({
      'corral.coordinate': 'Query.film',
      'corral.pattern': 'READ_THROUGH',
      'corral.entries': 1,
      'corral.outcomes': ['MISS'],
      'corral.tiers': ['origin'],
      'corral.reasons': [],
    });
    expect(load.attributes).toEqual({
      'corral.coordinates': ['Query.film'],
      'corral.entries': 1,
      'corral.load.cause': 'read',
    });
    expect(read.links).toEqual([]);
  });

  it('links a read of another request to the load that it joined, and leaves each request in its own trace', async () => {
    const { operation, spans, named, setLoad } = spanned();
    const gate = createGate();
    setLoad(() => gate.wait());
    const both = Promise.all([
      operation('{ film(id: 1) { id } }'),
      operation('{ again: film(id: 1) { id } }'),
    ]);
    await gate.arrived();
    gate.open();
    await both;
    const load = named('cache.load');
    const reads = spans().filter(({ name }) => name === 'cache.read Query.film');
    const [leader, joiner] = reads.toSorted((one) => (parentOf(load) === idOf(one) ? -1 : 1));
    expect(leader?.attributes['corral.outcomes']).toEqual(['MISS']);
    expect(joiner?.attributes['corral.outcomes']).toEqual(['JOINED']);
    expect(leader?.links).toEqual([]);
    expect(joiner?.links.map((link) => link.context.spanId)).toEqual([idOf(load)]);
    expect(joiner?.spanContext().traceId).not.toBe(leader?.spanContext().traceId);
    expect(spans().filter(({ name }) => name.startsWith('cache.load'))).toHaveLength(1);
  });

  it('keeps the contexts of loads apart that wait for their turn', async () => {
    const { operation, spans, setLoad } = spanned({}, { loads: { atMost: 1 } });
    const gate = createGate();
    setLoad(() => gate.wait());
    const ids = [1, 2, 3, 4];
    const all = Promise.all(ids.map((id) => operation(`{ film(id: ${id}) { id } }`)));
    await gate.arrived();
    gate.open();
    await all;
    const loads = spans().filter(({ name }) => name.startsWith('cache.load'));
    const traces = new Set(loads.map((load) => load.spanContext().traceId));
    expect([loads.length, traces.size]).toEqual([4, 4]);
  });

  it('makes a refresh behind a child of the read that began it', async () => {
    const { operation, spans, clock } = spanned({ hits: false });
    await operation('{ swift }');
    clock.advance(12_000);
    await operation('{ swift }');
    const loads = () => spans().filter(({ name }) => name === 'cache.load Query.swift');
    await expect.poll(() => loads().length).toBe(2);
    const [, refresh] = loads();
    const stale = spans().find((span) => String(span.attributes['corral.outcomes']) === 'STALE');
    expect(refresh?.attributes['corral.load.cause']).toBe('refresh');
    expect(refresh && parentOf(refresh)).toBe(stale && idOf(stale));
  });

  it('makes roots of what belongs to no request: warm loads, flushes and the relay', async () => {
    const rows = memoryOutbox();
    const own = {
      outbox: rows.outbox(),
      clock: systemClock,
      store: memoryStore(),
      warm: { 'Query.charts': () => [{}] },
    };
    const { cache, tracer, operation, named, spans } = spanned({}, own);
    // What is started within a span must not stay its child for ever.
    await tracer.startActiveSpan('start', async (span) => {
      await cache.start();
      await cache.warm.ready();
      span.end();
    });
    await operation('mutation { note(id: 1) { id } }');
    await flushed(cache);
    rows.commit(['Note:1']);
    await expect.poll(() => spans().some(({ name }) => name === 'cache.relay')).toBe(true);
    for (const name of ['cache.load Query.charts', 'cache.flush Note', 'cache.relay'])
      expect(parentOf(named(name)), name).toBeUndefined();
    expect(named('cache.relay').attributes).toMatchObject({
      'corral.rows': 1,
      'corral.namespaces': ['Note'],
    });
  });

  it('makes the invalidation of a mutation a child of it', async () => {
    const { operation, named } = spanned();
    await operation('mutation { rename(id: 1) }');
    expect(parentOf(named('cache.invalidate Mutation.rename'))).toBe(idOf(named('operation')));
    expect(named('cache.invalidate').attributes).toMatchObject({ 'corral.tags': 1, 'corral.applied': true });
  });

  it('says what failed', async () => {
    const { operation, named, setLoad } = spanned();
    setLoad(() => Promise.reject(new RangeError('no films today')));
    await operation('{ film(id: 1) { id } }');
    for (const name of ['cache.read', 'cache.load']) {
      const span = named(name);
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
      expect(span.attributes['error.type']).toBe('RangeError');
      expect(span.events[0]?.name).toBe('exception');
    }
  });

  it('has no key, no argument and no viewer in names and attributes', async () => {
    const { operation, cache, spans } = spanned();
    await operation('{ mine(secret: "s3cret") }', { id: 'agnes-7' });
    await operation('{ film(id: "s3cret") { id } }');
    await cache.fetch('Report:s3cret', { ttl: 10, tags: ['Viewer:agnes-7'] }, () => 1);
    await cache.invalidate(['Report:s3cret', 'Viewer:agnes-7']);
    const ours = spans().filter(({ name }) => name.startsWith('cache.'));
    const told = JSON.stringify(ours.map(({ name, attributes, events }) => [name, attributes, events]));
    expect(ours.length).toBeGreaterThan(6);
    expect(told).not.toMatch(/s3cret|agnes-7/);
  });

  it('leaves out fresh hits where it is told to, and nothing else', async () => {
    const { operation, spans } = spanned({ hits: false });
    await operation('{ film(id: 1) { id } }');
    await operation('{ film(id: 1) { id } }');
    const reads = spans().filter(({ name }) => name.startsWith('cache.read'));
    expect(reads.map(({ attributes }) => attributes['corral.outcomes'])).toEqual([['MISS']]);
  });

  it('makes nothing once it is stopped, and leaves no subscriber behind', async () => {
    const { operation, spans, stop } = spanned();
    stop();
    await operation('{ film(id: 1) { id } }');
    expect(spans().some(({ name }) => name.startsWith('cache.'))).toBe(false);
    expect(channels.read.hasSubscribers || channels.load.hasSubscribers).toBe(false);
  });

  it('uses the provider that is registered, and refuses options that do not exist', () => {
    onTestFinished(addCacheSpans());
    expect(trace.getTracerProvider()).toBeDefined();
    expect(() => addCacheSpans({ hit: false } as object)).toThrow(
      'there is no option "hit" (did you mean "hits"?)',
    );
  });
});
