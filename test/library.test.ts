import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/temporary-folder.js';

const root = resolve(import.meta.dirname, '..');

/** What a project that uses the engine installs beside it. */
const PACKAGES = [
  'graphql',
  'dataloader',
  'msgpackr',
  'ioredis',
  'fastest-levenshtein',
  '@graphql-tools/utils',
  '@graphql-tools/schema',
  '@types/node',
];

const consumer = `
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { cacheTypeDefs, createCache, memoryStore, type Cache, type Store } from 'graphql-corral';

const store: Store = memoryStore({ maxEntries: 10, eviction: 'lfu' });
const cache: Cache<{ viewer?: { id: string } }> = createCache({ store, viewer: (context) => context.viewer?.id });
const typeDefs = 'type Query { now: Int @cached(ttl: 5) }';
let loads = 0;
const resolvers = { Query: { now: () => (loads += 1) } };
const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
await graphql({ schema, source: '{ now }', contextValue: {} });
console.log(JSON.stringify((await graphql({ schema, source: '{ now }', contextValue: {} })).data));
await cache.close();
`;

/** A project that has installed the packed engine; its other packages are those of this repository. */
async function projectWithEngine(): Promise<string> {
  if (!existsSync(join(root, 'dist', 'src', 'cache', 'index.js'))) {
    execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root });
  }
  const project = await temporaryFolder({ 'package.json': '{ "type": "module" }', 'consumer.ts': consumer });
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', project];
  const packed = execFileSync('npm', pack, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const tarball = /"filename": "([^"]+)"/.exec(packed)?.[1] ?? '';
  const installed = join(project, 'node_modules', 'graphql-corral');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(project, tarball), '-C', installed, '--strip-components=1']);
  for (const name of PACKAGES) {
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
  return project;
}

describe('another project', () => {
  it('gets the engine and nothing of the API, compiles strictly against it, and runs', async () => {
    const project = await projectWithEngine();
    const installed = join(project, 'node_modules', 'graphql-corral');
    expect(readdirSync(join(installed, 'dist', 'src'))).toEqual(['cache']);
    expect(readdirSync(join(installed, 'src'))).toEqual(['cache']);

    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const strict = [
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      'node',
      'consumer.ts',
    ];
    execFileSync(process.execPath, [tsc, ...strict], { cwd: project, stdio: 'pipe' });
    const printed = execFileSync(process.execPath, ['consumer.js'], { cwd: project, encoding: 'utf8' });
    expect(printed.trim()).toBe('{"now":1}');
  }, 180_000);
});
