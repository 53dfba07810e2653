import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { isBuiltin } from 'node:module';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const engine = join(root, 'src', 'cache');
/** What `npm pack` compiles there. */
const packed = join(engine, 'dist') + sep;

/** Rooms of the engine from top to bottom: a room imports only itself and what stands below it. */
const ROOMS = [
  'directives',
  'patterns',
  'warm',
  'prober',
  'loads',
  'policy',
  'vary',
  'stampede',
  'coherence',
  'outbox',
  'redis',
  'journal',
  'store',
  'keys',
  'codec',
  'metrics',
  'time',
];
/** Files beside the rooms that everybody may use: they import nothing of the engine. */
const LEAVES = [
  'errors.ts',
  'load-scope.ts',
  'log.ts',
  'maybe-promise.ts',
  'nearest-name.ts',
  'object-notes.ts',
  'unknown-options.ts',
  'with-defaults.ts',
  'written.ts',
];
/** What may import every room: the face and what puts the parts together, and the doors that read a cache from outside. */
const TOP = [
  'apollo',
  'prometheus',
  'index.ts',
  'cache.ts',
  'apply-schema.ts',
  'assemble.ts',
  'open-cache.ts',
  'cache-options.ts',
  'check-cache-options.ts',
];
/** The entries of the package: other projects import these files, and so does the API. */
const DOORS = ['index.ts', 'apollo/index.ts', 'prometheus/index.ts', 'redis/index.ts'];

/** Packages each room may know. What is not listed is known to nobody. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  graphql: ['directives', 'cache.ts', 'apply-schema.ts'],
  '@graphql-tools/utils': ['directives'],
  dataloader: ['loads'],
  'fastest-levenshtein': ['nearest-name.ts'],
  ioredis: ['redis'],
  msgpackr: ['codec'],
  'prom-client': ['prometheus'],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

async function sourceFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(packed));
}

function importsOf(file: string): Import[] {
  const source = readFileSync(file, 'utf8');
  const statements = source.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)';/gms);
  const dynamic = source.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g);
  return [
    ...Array.from(statements, (match) => ({
      file,
      specifier: match[2] ?? '',
      typeOnly: match[1] !== undefined,
    })),
    ...Array.from(dynamic, (match) => ({ file, specifier: match[1] ?? '', typeOnly: false })),
  ];
}

function roomOf(file: string): string {
  return relative(engine, file).split(sep)[0] ?? '';
}

function packageOf(specifier: string): string {
  const [scope = '', name] = specifier.split('/');
  return scope.startsWith('@') ? `${scope}/${name}` : scope;
}

/** What is wrong with one import of the engine, if anything. */
function fault({ file, specifier, typeOnly }: Import): string | undefined {
  const from = roomOf(file);
  const where = `${relative(root, file)} imports ${specifier}`;
  if (!specifier.startsWith('.')) {
    if (isBuiltin(specifier)) return undefined;
    const allowed = PACKAGES[packageOf(specifier)] ?? [];
    if (TOP.includes(from) && from.endsWith('.ts') && !typeOnly)
      return `${where}: ${from} may only import its types`;
    return allowed.includes(from) ? undefined : `${where}: ${from} may not know this package`;
  }
  const target = resolve(dirname(file), specifier);
  if (!target.startsWith(engine + sep)) return `${where}: outside of the engine`;
  const to = roomOf(target.replace(/\.js$/, '.ts'));
  if (TOP.includes(from)) return undefined;
  if (LEAVES.includes(to)) return undefined;
  if (LEAVES.includes(from)) return `${where}: a leaf imports nothing`;
  if (!ROOMS.includes(from) || !ROOMS.includes(to)) return `${where}: not a room of the house`;
  return ROOMS.indexOf(from) <= ROOMS.indexOf(to) ? undefined : `${where}: imports go down the list only`;
}

describe('the architecture', () => {
  it('lets imports of the engine go one way, and each package be known to its rooms only', async () => {
    const files = await sourceFiles(engine);
    expect(files.length).toBeGreaterThan(30);
    expect(files.flatMap(importsOf).flatMap((found) => fault(found) ?? [])).toEqual([]);
  });

  it('would catch a store that knows patterns, a pattern that knows GraphQL, and a leaf that imports', () => {
    const planted = (file: string, specifier: string): string | undefined =>
      fault({ file: join(engine, file), specifier, typeOnly: false });
    expect(planted('store/store.ts', '../patterns/serve.js')).toContain('imports go down the list only');
    expect(planted('patterns/serve.ts', 'graphql')).toContain('may not know this package');
    expect(planted('coherence/entries.ts', '@prisma/client')).toContain('may not know this package');
    expect(planted('log.ts', './errors.js')).toBeUndefined();
    expect(planted('log.ts', './store/store.js')).toContain('a leaf imports nothing');
    expect(planted('codec/entry.ts', '../../config.js')).toContain('outside of the engine');
  });

  it('keeps the engine to a thin door: the application imports doors, and nothing behind them', async () => {
    const outside = (await sourceFiles(join(root, 'src'))).filter(
      (file) => !file.startsWith(engine + sep) && !file.includes(`${sep}generated${sep}`),
    );
    const isDoor = (target: string): boolean =>
      DOORS.includes(relative(engine, target).replaceAll(sep, '/').replace(/\.js$/, '.ts'));
    const behind = outside.flatMap(importsOf).filter(({ file, specifier }) => {
      const target = resolve(dirname(file), specifier);
      return specifier.startsWith('.') && target.startsWith(engine + sep) && !isDoor(target);
    });
    expect(behind).toEqual([]);
  });

  it('lets one file of the application know ioredis, which hands the store over and no connection', async () => {
    const outside = (await sourceFiles(join(root, 'src'))).filter((file) => !file.startsWith(engine + sep));
    const knowing = outside
      .flatMap(importsOf)
      .filter(({ specifier }) => packageOf(specifier) === 'ioredis')
      .map(({ file }) => relative(root, file).replaceAll(sep, '/'));
    expect(knowing).toEqual(['src/redis/create-redis-client.ts']);
  });

  it('lets nobody import the composition root, and keeps the cache away from resolvers and origins', async () => {
    const imports = (await sourceFiles(join(root, 'src'))).flatMap(importsOf);
    const target = ({ file, specifier }: Import): string => resolve(dirname(file), specifier);
    expect(imports.filter((found) => target(found) === join(root, 'src', 'server.js'))).toEqual([]);
    const unaware = imports.filter(({ file }) =>
      /src\/(resolvers|origins)\//.test(file.replaceAll(sep, '/')),
    );
    expect(unaware.filter((found) => target(found).startsWith(engine + sep))).toEqual([]);
  });

  it('declares in the package of the engine what the engine imports, and nothing else', async () => {
    const manifest: unknown = JSON.parse(readFileSync(join(engine, 'package.json'), 'utf8'));
    const named = [...keysOf(manifest, 'dependencies'), ...keysOf(manifest, 'peerDependencies')];
    const used = (await sourceFiles(engine))
      .flatMap(importsOf)
      .filter(({ specifier }) => !specifier.startsWith('.') && !isBuiltin(specifier))
      .map(({ specifier }) => packageOf(specifier));
    expect([...new Set(used)].sort()).toEqual(named.sort());
  });

  it('lets no door but its own know an optional package, not even its types', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(engine, 'package.json'), 'utf8'));
    const optional = keysOf(manifest, 'peerDependenciesMeta');
    const known = (door: string): string[] =>
      packagesBehind(join(engine, door)).filter((name) => optional.includes(name));
    expect(known('index.ts')).toEqual([]);
    expect(known('apollo/index.ts')).toEqual([]);
    expect(known('redis/index.ts')).toEqual(['ioredis']);
    expect(known('prometheus/index.ts')).toEqual(['prom-client']);
  });
});

/** The packages that a file and all that it imports name. */
function packagesBehind(door: string): string[] {
  const files = new Set([door]);
  const names = new Set<string>();
  for (const file of files) {
    for (const { specifier } of importsOf(file)) {
      const target = resolve(dirname(file), specifier.replace(/\.js$/, '.ts'));
      if (!specifier.startsWith('.')) names.add(packageOf(specifier));
      else if (existsSync(target)) files.add(target);
      else throw new Error(`${relative(root, file)} imports ${specifier}, which is not there`);
    }
  }
  return [...names];
}

function keysOf(manifest: unknown, field: string): string[] {
  const section: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, field) : undefined;
  return typeof section === 'object' && section !== null ? Object.keys(section) : [];
}
