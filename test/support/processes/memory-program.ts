// A process that is flooded, and prints a line for each flood: what it held before and after. See `test/memory`.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { envelop, useEngine, useSchema } from '@envelop/core';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type DocumentNode, execute, parse } from 'graphql';
import { Redis } from 'ioredis';
import { cacheTypeDefs, createCache, memoryStore, type CacheOptions } from '../../../src/cache/index.js';
import { plansPlugin } from '../../../src/cache/execution/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { heapSize } from '../../../src/cache/codec/heap-size.js';
import { createValueCodec } from '../../../src/cache/codec/value-codec.js';
import { cachePlugin } from '../../../src/cache/yoga/index.js';
import type { Flood, Flooded, MemorySettings } from './memory-process.js';
import { manualClock } from '../manual-clock.js';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
const settings = JSON.parse(process.argv[2] ?? '{}') as MemorySettings;

interface Context {
  readonly viewer?: string;
  readonly locale?: string;
}

const typeDefs = `
  type Film { id: ID! title: String! }
  type Node { id: ID! }
  type Edge { node: Node! }
  type Page { edges: [Edge!]! }
  type Query {
    page(after: Int!): Page @cached(ttl: 600)
    near(after: Int!): Page @cached(ttl: 600, local: 300)
    film(id: ID!): Film @cached(ttl: 600, key: "Film:{args.id}", tags: ["Title:{args.id}"])
    spoken(id: ID!): Film @cached(ttl: 600, key: "Spoken:{args.id}", vary: ["locale"])
    mine(of: Int): Int @cached(ttl: 600, scope: PRIVATE)
    shaky(of: Int): Int @cached(ttl: 1, staleIfError: 600)
    chart(of: String!): Int @cached(ttl: 600, pattern: PREFETCH)
    place(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Place:{args.id}")
  }
  type Mutation {
    touch(id: ID!): Int @invalidates(tags: ["Film:{args.id}"])
  }
`;

/** Over a store that processes share it would need a journal that they share. */
const writesBehind = `
  extend type Mutation {
    note(id: ID!): Film @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Place:{args.id}")
  }
`;

const film = (id: string) => ({ id, title: `The film that has the number ${id}` });
const page = (after: number) => ({
  edges: Array.from({ length: 100 }, (_, index) => ({ node: { id: `${after}/${index}` } })),
});

async function heldBytes(): Promise<number> {
  for (let times = 0; times < 3; times += 1) {
    if (typeof collect === 'function') collect();
    // Buffers are freed beside the program.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A cache, and what a flood does with its nth key. */
function flooding({ kind, maxBytes, redisUrl }: Flood) {
  const clock = manualClock();
  let lines = 0;
  const log = { warn: () => void (lines += 1), error: () => void (lines += 1) };
  let isFailing = false;
  const options: Partial<CacheOptions<Context>> =
    redisUrl === undefined ? {} : { strictCopies: kind === 'strict copies' };
  const cache = createCache<Context>({
    store:
      redisUrl === undefined
        ? memoryStore({ maxBytes, clock })
        : redisStore(new Redis(redisUrl, { lazyConnect: true }), { prefix: kind.replace(/\W/g, '-') }),
    localCopies: { maxBytes },
    memo: kind === 'operations' && { maxBytes: maxBytes / 2 },
    viewer: ({ viewer }) => viewer,
    vary: { locale: ({ locale }) => locale },
    origins: {
      Place: {
        load: (ids) => Promise.resolve(ids.map(film)),
        flush: () => Promise.reject(new Error('refused for good')),
        isPermanent: () => true,
      },
    },
    environment: 'production',
    ...(redisUrl === undefined && { clock }),
    log,
    ...options,
  });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs, ...(redisUrl === undefined ? [writesBehind] : [])],
      resolvers: {
        Query: {
          page: (_: unknown, { after }: { after: number }) => page(after),
          near: (_: unknown, { after }: { after: number }) => page(after),
          film: (_: unknown, { id }: { id: string }) => film(id),
          spoken: (_: unknown, { id }: { id: string }) => film(id),
          mine: () => 1,
          chart: () => 1,
          shaky: () => {
            if (isFailing) throw new Error('the origin is away');
            return 1;
          },
        },
        Mutation: {
          touch: () => 1,
          ...(redisUrl === undefined && { note: (_: unknown, { id }: { id: string }) => film(id) }),
        },
      },
    }),
  );
  const documents = new Map<string, DocumentNode>();
  const ask = async (source: string, variableValues: Record<string, unknown>, contextValue: Context = {}) => {
    const document = documents.get(source) ?? parse(source);
    documents.set(source, document);
    await execute({ schema, document, variableValues, contextValue });
  };
  const getEnveloped = envelop({
    plugins: [
      useEngine({ execute, parse }),
      useSchema(schema),
      plansPlugin({ maxBytes: maxBytes / 2 }),
      cachePlugin(cache),
    ],
  });
  const pageQuery = 'query ($at: Int!) { page(after: $at) { edges { node { id } } } }';
  const floods: Record<Flood['kind'], (at: number) => Promise<unknown>> = {
    'large answers': (at) => ask(pageQuery, { at }),
    'large answers, asked for twice': async (at) => {
      await ask(pageQuery, { at });
      await ask(pageQuery, { at });
    },
    'copies for some seconds': async (at) => {
      const source = 'query ($at: Int!) { near(after: $at) { edges { node { id } } } }';
      await ask(source, { at });
      await ask(source, { at });
    },
    'strict copies': async (at) => {
      await ask(pageQuery, { at });
      await ask(pageQuery, { at });
    },
    'keys of cache.fetch': (at) => cache.fetch(`Report:${at}`, { ttl: 600, tags: [`Tag:${at}`] }, () => at),
    'namespaces of cache.fetch': (at) => cache.fetch(`Report${at}:1`, { ttl: 600 }, () => at),
    'ids of films': (at) => ask('query ($at: ID!) { film(id: $at) { id } }', { at: `${at}` }),
    operations: async (at) => {
      const document = parse(`{ film(id: 1) { id title${at}: title } }`);
      // The second time makes a plan, and the answer of the third one is kept.
      for (let time = 0; time < 4; time += 1)
        await getEnveloped().execute({ schema, document, contextValue: {} });
    },
    'ids and locales': (at) =>
      ask(
        'query ($at: ID!) { spoken(id: $at) { id } }',
        { at: `${at % 500}` },
        { locale: `l${Math.floor(at / 500)}` },
      ),
    locales: (at) => ask('query ($at: ID!) { spoken(id: $at) { id } }', { at: '1' }, { locale: `l${at}` }),
    viewers: (at) => ask('{ mine(of: 1) }', {}, { viewer: `viewer${at}` }),
    'tags that are invalidated': (at) => cache.invalidate([`Film:${at}`, `Kind${at}:1`]),
    'loads that fail': async (at) => {
      isFailing = false;
      await ask('query ($at: Int) { shaky(of: $at) }', { at });
      isFailing = true;
      clock.advance(2000);
      await ask('query ($at: Int) { shaky(of: $at) }', { at });
    },
    'argument sets of what is kept warm': (at) =>
      ask('query ($at: String!) { chart(of: $at) }', { at: `${at}`.padStart(20_000, 'x') }),
    'writes behind that the database refuses': async (at) => {
      await ask('mutation ($at: ID!) { note(id: $at) { id } }', { at: `${at}` });
      clock.advance(1000);
      if (at % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
  return { cache, lines: () => lines, flood: floods[kind] };
}

async function run(given: Flood): Promise<Flooded> {
  // The code that is compiled, and what modules make once, is no part of it.
  const first = flooding(given);
  await first.cache.start();
  for (let at = 0; at < 200; at += 1) await first.flood(at);
  await first.cache.close().catch(() => undefined);
  const { cache, flood, lines } = flooding(given);
  await cache.start();
  const before = await heldBytes();
  const rssBefore = process.memoryUsage.rss();
  let rssMost = rssBefore;
  const startedAtMs = performance.now();
  for (let at = 0; at < given.keys; at += 1) {
    await flood(at);
    if (at % 250 !== 0) continue;
    await new Promise((resolve) => setImmediate(resolve));
    rssMost = Math.max(rssMost, process.memoryUsage.rss());
  }
  const ms = performance.now() - startedAtMs;
  const held = (await heldBytes()) - before;
  const idle = given.idles === true ? { idleCpuMs: await cpuWhileIdle() } : {};
  const counters = Object.keys(cache.stats.counters()).length;
  const inRedis = given.redisUrl === undefined ? undefined : await lookInto(given.redisUrl);
  await cache.close().catch(() => undefined);
  return { held, rss: rssMost - rssBefore, ms, ...idle, counters, lines: lines(), ...inRedis };
}

async function cpuWhileIdle(): Promise<number> {
  // What is compiled and collected beside the program is over by then.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** How many keys there are, and which of them never expire. A few at a time: this process has little room for its own questions. */
async function lookInto(url: string): Promise<Pick<Flooded, 'redisKeys' | 'immortal'>> {
  const redis = new Redis(url);
  const immortal: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, 'COUNT', 1000);
    const pipeline = redis.pipeline();
    for (const key of keys) pipeline.pttl(key);
    const lives = (await pipeline.exec()) ?? [];
    immortal.push(...keys.filter((_, index) => lives[index]?.[1] === -1));
    cursor = next;
  } while (cursor !== '0');
  const redisKeys = await redis.dbsize();
  await redis.quit();
  return { redisKeys, immortal };
}

/** What decoded values take in memory, as a share of what is counted for them. */
async function measureValues(): Promise<Record<string, number>> {
  const { encode, decode } = createValueCodec();
  const row = (at: number) => ({ ...film(`${at}`), year: 1990, at: new Date(at) });
  const kinds: Record<string, (at: number) => unknown> = {
    'a row': row,
    rows: (at) => Array.from({ length: 20 }, (_, index) => row(at + index)),
    'a page of ids': page,
    'a wide row': (at) =>
      Object.fromEntries(Array.from({ length: 25 }, (_, name) => [`name${name}`, at + 0.5])),
    'text in Latin letters': (at) => ({ text: `a letter ${at}`.repeat(50) }),
    'text in others': (at) => ({ text: `漢字${at}`.repeat(50) }),
    numbers: (at) => Array.from({ length: 50 }, (_, index) => at + index / 7),
    bytes: (at) => ({ bytes: new Uint8Array(1000).fill(at) }),
    'a table by ids': (at) =>
      Object.fromEntries(Array.from({ length: 60 }, (_, id) => [`id${at}/${id}`, at])),
  };
  const shares: Record<string, number> = {};
  for (const [kind, make] of Object.entries(kinds)) {
    // About a megabyte of each.
    const count = Math.ceil(1_000_000 / heapSize(make(0)));
    const payloads = Array.from({ length: count }, (_, at) => Uint8Array.from(encode(make(at))));
    // msgpackr leaves a view with each payload.
    for (const payload of payloads) decode(payload);
    const values: unknown[] = Array.from(payloads, () => 0);
    const before = await heldBytes();
    for (const [at, payload] of payloads.entries()) values[at] = decode(payload);
    const held = (await heldBytes()) - before;
    // Both live until here.
    if (payloads.length !== values.length) throw new Error('not all were decoded');
    shares[kind] = held / values.reduce<number>((sum, value) => sum + heapSize(value), 0);
  }
  return shares;
}

const print = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
for (const flood of settings.floods) print({ flood: flood.kind, ...(await run(flood)) });
if (settings.values === true) print({ values: await measureValues() });
process.exit(0);
