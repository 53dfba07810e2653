import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { beforeAll, describe, expect, it } from 'vitest';
import { PAGE, rules } from './architecture-rules.js';
import { namesIn } from './support/manifest.js';
import { temporaryFolder } from './support/temporary-folder.js';

const root = resolve(import.meta.dirname, '..');

/** What is wrong with the imports of a folder, as `rule: from -> to`. */
async function cruised(baseDir: string, paths: readonly string[]): Promise<ICruiseResult> {
  const { output } = await cruise([...paths], {
    baseDir,
    ruleSet: { forbidden: rules },
    validate: true,
    // Types count as well: who names them knows the other room.
    tsPreCompilationDeps: true,
    exclude: { path: '^(src/generated|src/cache/dist|dist)/' },
    doNotFollow: { path: 'node_modules' },
  });
  if (typeof output === 'string') throw new Error('a result, not a text, was asked for');
  return output;
}

function violationsOf({ summary }: ICruiseResult): string[] {
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

/** A project with the rooms of this one that are named, and what stands in them. */
async function planted(files: Readonly<Record<string, string>>): Promise<string[]> {
  const folder = await temporaryFolder();
  for (const [file, text] of Object.entries({ 'package.json': '{}', ...files })) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  return violationsOf(await cruised(folder, ['src']));
}

const anything = 'export const anything = 1;\n';
const importOf = (target: string): string =>
  `import { anything } from '${target}';\nexport const other = anything;\n`;
const installed = (name: string) => ({
  [`node_modules/${name}/package.json`]: `{"name":"${name}","main":"index.js"}`,
  [`node_modules/${name}/index.js`]: anything,
});

describe('the architecture', () => {
  let result: ICruiseResult;
  beforeAll(async () => {
    result = await cruised(root, ['src', 'bench']);
  });

  it('lets imports go one way, and each package be known to its rooms only', () => {
    expect(result.modules.filter(({ source }) => source.startsWith('src/cache/')).length).toBeGreaterThan(
      100,
    );
    expect(violationsOf(result)).toEqual([]);
  });

  it.each<[what: string, files: Readonly<Record<string, string>>, violation: string]>([
    [
      'a store that knows patterns',
      { 'src/cache/store/a.ts': importOf('../patterns/b.js'), 'src/cache/patterns/b.ts': anything },
      'store-knows-what-stands-below: src/cache/store/a.ts -> src/cache/patterns/b.ts',
    ],
    [
      'a pattern that knows the type of a directive',
      {
        'src/cache/patterns/a.ts': `import type { B } from '../directives/b.js';\nexport type A = B;\n`,
        'src/cache/directives/b.ts': 'export type B = 1;\n',
      },
      'patterns-knows-what-stands-below: src/cache/patterns/a.ts -> src/cache/directives/b.ts',
    ],
    [
      'a journal in Redis that knows the store in Redis',
      { 'src/cache/redis/journal/a.ts': importOf('../store/b.js'), 'src/cache/redis/store/b.ts': anything },
      'the-journal-in-redis-knows-no-store: src/cache/redis/journal/a.ts -> src/cache/redis/store/b.ts',
    ],
    [
      'a connection that knows what it serves',
      {
        'src/cache/redis/connection/a.ts': importOf('../store/b.js'),
        'src/cache/redis/store/b.ts': anything,
      },
      'connections-serve-stores-and-journals: src/cache/redis/connection/a.ts -> src/cache/redis/store/b.ts',
    ],
    [
      'a pattern that knows GraphQL',
      { 'src/cache/patterns/a.ts': importOf('graphql'), ...installed('graphql') },
      'graphql-is-known-to-few: src/cache/patterns/a.ts -> node_modules/graphql/index.js',
    ],
    [
      'a heavy dependency',
      { 'src/cache/codec/a.ts': importOf('lodash'), ...installed('lodash') },
      'engine-has-few-packages: src/cache/codec/a.ts -> node_modules/lodash/index.js',
    ],
    [
      'a leaf that imports a room',
      { 'src/cache/log.ts': importOf('./store/a.js'), 'src/cache/store/a.ts': anything },
      'leaves-import-nothing: src/cache/log.ts -> src/cache/store/a.ts',
    ],
    [
      'a circle of two files in one room',
      { 'src/cache/keys/a.ts': importOf('./b.js'), 'src/cache/keys/b.ts': importOf('./a.js') },
      'no-circles: src/cache/keys/a.ts -> src/cache/keys/b.ts',
    ],
    [
      'an engine that imports the API',
      { 'src/cache/codec/a.ts': importOf('../../config.js'), 'src/config.ts': anything },
      'engine-stands-alone: src/cache/codec/a.ts -> src/config.ts',
    ],
    [
      'a room that is not in the list',
      { 'src/cache/utils/a.ts': importOf('../log.js'), 'src/cache/log.ts': anything },
      'engine-has-known-rooms: src/cache/utils/a.ts -> src/cache/log.ts',
    ],
    [
      'an optional package behind the main door',
      {
        'src/cache/index.ts': importOf('./redis/a.js'),
        'src/cache/redis/a.ts': importOf('ioredis'),
        ...installed('ioredis'),
      },
      'ioredis-is-optional: src/cache/index.ts -> node_modules/ioredis/index.js',
    ],
    [
      'an API that goes behind a door',
      { 'src/http/a.ts': importOf('../cache/store/b.js'), 'src/cache/store/b.ts': anything },
      'the-api-uses-doors: src/http/a.ts -> src/cache/store/b.ts',
    ],
    [
      'a server that imports what runs in browsers',
      {
        'src/cache/dashboard/a.ts': importOf('./page/b.js'),
        'src/cache/dashboard/page/b.ts': anything,
      },
      'no-file-imports-the-page: src/cache/dashboard/a.ts -> src/cache/dashboard/page/b.ts',
    ],
    [
      'a page that runs code of the engine in browsers',
      { 'src/cache/dashboard/page/a.ts': importOf('../b.js'), 'src/cache/dashboard/b.ts': anything },
      'the-page-runs-in-a-browser: src/cache/dashboard/page/a.ts -> src/cache/dashboard/b.ts',
    ],
    [
      'a resolver that knows the cache',
      { 'src/resolvers/a.ts': importOf('../cache/index.js'), 'src/cache/index.ts': anything },
      'resolvers-do-not-know-that-a-cache-exists: src/resolvers/a.ts -> src/cache/index.ts',
    ],
  ])('would catch %s', async (_what, files, violation) => {
    expect(await planted(files)).toContain(violation);
  });

  it('declares in the package of the engine what the engine imports, and nothing else', () => {
    const manifest = join('src', 'cache', 'package.json');
    const named = [...namesIn(manifest, 'dependencies'), ...namesIn(manifest, 'peerDependencies')];
    const used = result.modules
      .filter(({ source }) => source.startsWith('src/cache/') && !new RegExp(PAGE).test(source))
      .flatMap(({ dependencies }) => dependencies)
      .filter(({ module, dependencyTypes }) => !module.startsWith('.') && !dependencyTypes.includes('core'))
      .map(({ module }) => packageOf(module));
    expect([...new Set(used)].sort()).toEqual(named.sort());
  });
});

function packageOf(specifier: string): string {
  const [scope = '', name] = specifier.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}
