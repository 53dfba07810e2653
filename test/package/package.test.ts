import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textsIn } from '../support/manifest.js';
import { packedProject, toolOf, type PackedProject } from './packed-project.js';

/** What an installation without options brings: the engine, its one peer, and what they need. */
const INSTALLED = [
  '@graphql-tools/utils',
  '@graphql-typed-document-node/core',
  '@whatwg-node/promise-helpers',
  'commander',
  'cross-inspect',
  'dataloader',
  'detect-libc',
  'fastest-levenshtein',
  'fdir',
  'graphql',
  'graphql-corral',
  'msgpackr',
  'msgpackr-extract',
  'node-gyp-build-optional-packages',
  'picomatch',
  'tinyglobby',
  'tslib',
];
/** Binaries of msgpackr-extract: npm installs the one of the machine. */
const BINARY = /^@msgpackr-extract\/msgpackr-extract-[a-z0-9-]+$/;

const consumer = `
import { buildSchema, graphql } from 'graphql';
import { cacheTypeDefs, createCache, memoryStore, type Cache, type CacheOptions, type Store } from 'graphql-corral';
import { asksForEvidence, type PluginRequest } from 'graphql-corral/apollo';
import { cachePlugin as mercuriusPlugin } from 'graphql-corral/mercurius';
import { cachePlugin, type EnvelopPlugin } from 'graphql-corral/yoga';

interface Context {
  readonly viewer?: { readonly id: string };
}
const store: Store = memoryStore({ maxEntries: 10, eviction: 'lfu' });
let loads = 0;
const load = async (ids: readonly string[]): Promise<number[]> => {
  loads += 1;
  return ids.map((id) => Number(id) ** 2);
};
const options: CacheOptions<Context> = { store, origins: { Square: { load } }, viewer: (context) => context.viewer?.id };
const cache: Cache<Context> = createCache(options);
const typeDefs = 'type Query { square(of: Int!): Int @cached(ttl: 5, pattern: READ_THROUGH, key: "Square:{args.of}") }';
const schema = cache.apply(buildSchema(cacheTypeDefs + typeDefs));
const ask = () => graphql({ schema, source: '{ square(of: 3) }', contextValue: {} });
await ask();
console.log(JSON.stringify((await ask()).data), loads);
await cache.close();
export const evidence: (request: PluginRequest<Context>) => boolean = asksForEvidence;
export const plugin: EnvelopPlugin = cachePlugin<Context>(cache, { evidence: ({ viewer }) => viewer?.id === 'a' });
export const registered: (app: object) => Promise<void> = mercuriusPlugin(cache);
`;

/** A CommonJS module, in which `require` brings the same ES module. */
const required = `
import corral = require('graphql-corral');
const cache: corral.Cache<object> = corral.createCache({ store: corral.memoryStore() });
void cache.close().then(() => console.log(typeof corral.createCache));
`;

const shared = `
import type { Redis } from 'ioredis';
import { createCache, type Cache } from 'graphql-corral';
import { addCacheMetrics } from 'graphql-corral/prometheus';
import { flushInto, postgresOutbox, type PostgresOutboxOptions } from 'graphql-corral/postgres';
import { redisJournal, redisStore, type RedisStoreOptions } from 'graphql-corral/redis';
import SchemaBuilder from '@pothos/core';
import 'graphql-corral/pothos';
import { Registry } from 'prom-client';

export function sharedCache(client: Redis, options: RedisStoreOptions): Cache<{ viewer: string }> {
  return createCache({ store: redisStore(client, options), journal: redisJournal(client) });
}
export function watchedCache(client: Redis, options: PostgresOutboxOptions): Cache<{ viewer: string }> {
  const Seen = flushInto({ pool: options.pool, table: 'Seen', id: ['id'], columns: [], seq: 'seq' });
  return createCache({ store: redisStore(client), outbox: postgresOutbox(options), origins: { Seen } });
}
export function metricsOf(cache: Cache<{ viewer: string }>): Promise<string> {
  const registry = new Registry();
  addCacheMetrics(registry, cache);
  return registry.metrics();
}
const builder = new SchemaBuilder({});
builder.queryType({ fields: (t) => ({ a: t.int({ cached: { ttl: 60, pattern: 'CACHE_ASIDE' }, resolve: () => 1 }) }) });
`;

/** The contract of a store without a test runner. */
const contracts = `
import { memoryStore } from 'graphql-corral';
import { manualClock, storeContract, type TestedStore } from 'graphql-corral/testing';
const create = (): TestedStore => {
  const clock = manualClock();
  return { store: memoryStore({ clock }), pass: clock.advance };
};
const cases = storeContract({ create, isLocal: true, hasTime: true, sequences: 10 });
for (const { run } of cases) await run();
console.log(cases.length > 60);
`;

const strict = {
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  target: 'es2022',
  types: ['node'],
};

/** Printed by the consumer: its answer, and how often the origin was asked. */
const ANSWER = '{"square":9} 1';

let project: PackedProject;
beforeAll(() => {
  project = packedProject('graphql@16');
}, 180_000);
afterAll(() => project.remove());

function compile(options: Readonly<Record<string, unknown>>, ...files: string[]): void {
  project.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...strict, ...options }, files }));
  project.node(toolOf('typescript', 'bin/tsc'), '-p', 'tsconfig.json');
}

async function bundle(entry: string, outfile: string, format: 'esm' | 'cjs'): Promise<string> {
  const absWorkingDir = project.folder;
  await build({
    absWorkingDir,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format,
    logLevel: 'silent',
  });
  return readFileSync(path.join(project.folder, outfile), 'utf8');
}

describe('the package graphql-corral', () => {
  it('carries the compiled engine with its types and pages, and no source, script or test', () => {
    const tops = new Set(project.files.map((file) => file.split('/')[0]));
    expect([...tops].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'package.json',
    ]);
    const expected = /\.(md|js|d\.ts)$|^docs\/plots\/[\w-]+\.svg$|^LICENSE$|^package\.json$/;
    expect(project.files.filter((file) => !expected.test(file))).toEqual([]);
  });

  it('is built whenever npm packs it', () => {
    const scripts = textsIn(path.join('src', 'cache', 'package.json'), 'scripts');
    expect(scripts).toMatchObject({ prepack: 'node ../../scripts/build-package.mjs' });
  });

  it('carries every page that its errors and docstrings name', () => {
    const named = project.files
      .filter((file) => file.startsWith('dist/'))
      .map((file) => readFileSync(path.join(project.folder, 'node_modules', 'graphql-corral', file), 'utf8'))
      .flatMap((text) => text.match(/docs\/[\w-]+\.md/g) ?? []);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((page) => !project.files.includes(page))).toEqual([]);
  });

  it('has no link to a file that it does not carry', () => {
    const links = project.files
      .filter((file) => file.endsWith('.md'))
      .flatMap((page) => {
        const text = readFileSync(
          path.join(project.folder, 'node_modules', 'graphql-corral', page),
          'utf8',
        ).replace(/^```[^]*?^```/gm, '');
        return Array.from(text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g), ([, target = '']) =>
          path.join(path.dirname(page), target),
        );
      });
    expect(links.length).toBeGreaterThan(400);
    expect(links.filter((file) => !project.files.includes(file))).toEqual([]);
  });

  it('brings these packages and no others, twenty at most', () => {
    const names = project.installed();
    expect(names).toEqual(expect.arrayContaining(['dataloader', 'graphql', 'graphql-corral', 'msgpackr']));
    expect(names.filter((name) => !INSTALLED.includes(name) && !BINARY.test(name))).toEqual([]);
    expect(names.length).toBeLessThanOrEqual(20);
  });

  it('has no finding of publint, and of attw only that require() brings an ES module', () => {
    project.node(toolOf('publint', 'src/cli.js'), project.tarball, '--strict');
    // Node 20.19 and later load ES modules by require(). node10 is the resolution that knows no "exports".
    const accepted = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm'];
    project.node(toolOf('@arethetypeswrong/cli', 'dist/index.js'), project.tarball, ...accepted);
  });

  it('brings a command, by both names, that says which optional package it needs', () => {
    project.write('schema.graphql', 'type Query { a: Int @cached(ttl: 5) }');
    for (const name of ['corral', 'graphql-corral']) {
      const command = path.join('node_modules', '.bin', name);
      expect(project.node(command, 'check', 'schema.graphql')).toContain('No fault in 1 field');
    }
    const run = (...words: string[]): string =>
      project.node(path.join('node_modules', '.bin', 'corral'), ...words);
    expect(() => run('inspect', 'A:1', '--redis', 'redis://localhost')).toThrow('npm install ioredis');
    const outbox = ['outbox', 'check', '--url', 'postgresql://localhost', '--namespaces', 'A'];
    expect(() => run(...outbox)).toThrow('npm install pg');
  });

  it('compiles in a strict project, without optional packages too, for bundlers and for Node, and runs', () => {
    for (const name of ['@types/node', 'undici-types']) project.link(name);
    project.write('consumer.ts', consumer);
    project.write('required.cts', required);
    project.write('contracts.ts', contracts);
    compile({ module: 'esnext', moduleResolution: 'bundler', noEmit: true }, 'consumer.ts', 'contracts.ts');
    for (const name of ['@pothos/core', 'ioredis', 'prom-client', 'pg', '@types/pg']) project.link(name);
    project.write('shared.ts', shared);
    compile(
      { module: 'nodenext', skipLibCheck: true },
      'consumer.ts',
      'contracts.ts',
      'required.cts',
      'shared.ts',
    );
    expect(project.node('consumer.js').trim()).toBe(ANSWER);
    expect(project.node('required.cjs').trim()).toBe('function');
    expect(project.node('contracts.js').trim()).toBe('true');
  }, 90_000);

  it('runs in a bundle, which has nothing of Redis unless that door is used', async () => {
    expect(await bundle('consumer.ts', 'out/bundle.mjs', 'esm')).not.toContain('redis.call');
    project.write(
      'both.ts',
      `${consumer.replace(/^await .*$/gm, '')}import { redisStore } from 'graphql-corral/redis';console.log(typeof redisStore);`,
    );
    expect(await bundle('both.ts', 'out/both.mjs', 'esm')).toContain("redis.call('");
    // Away from all packages: whatever a bundle reads beside itself is missing there.
    rmSync(path.join(project.folder, 'node_modules'), { recursive: true });
    expect(project.node('out/bundle.mjs').trim()).toBe(ANSWER);
    expect(project.node('out/both.mjs').trim()).toContain('function');
  });
});
