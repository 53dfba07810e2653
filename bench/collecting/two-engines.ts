import { build, type Plugin } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as standalone from '../servers/standalone.js';

type Servers = typeof standalone;

/** The engine twice in one process, each with modules of its own. */
export interface TwoEngines {
  readonly counted: Servers;
  /** It takes no times. */
  readonly uncounted: Servers;
}

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const at = (...names: string[]): string => path.join(root, ...names);

/** Both are bundled alike; one without what takes times. */
export async function twoEngines(): Promise<TwoEngines> {
  // Where packages are found from.
  const folder = await mkdtemp(at('dist', 'engines-'));
  try {
    const [counted, uncounted] = await Promise.all([
      loaded(path.join(folder, 'counted.mjs'), []),
      loaded(path.join(folder, 'uncounted.mjs'), [uncounting]),
    ]);
    return { counted, uncounted };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const uncounting: Plugin = {
  name: 'uncounting',
  setup({ onResolve }) {
    onResolve({ filter: /\/field-times\.js$/ }, ({ importer }) =>
      importer.startsWith(at('src', 'cache'))
        ? { path: at('bench', 'collecting', 'uncounted-times.ts') }
        : undefined,
    );
  },
};

async function loaded(file: string, plugins: Plugin[]): Promise<Servers> {
  await build({
    entryPoints: [at('bench', 'servers', 'standalone.ts')],
    outfile: file,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    tsconfig: at('tsconfig.json'),
    logLevel: 'error',
    plugins,
  });
  return (await import(pathToFileURL(file).href)) as Servers;
}
