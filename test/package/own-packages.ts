import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { packageRoot } from '../../src/start/package-root.js';

const engine = path.join(packageRoot, 'src', 'cache');
const ours = path.join(packageRoot, 'node_modules');

/**
 * Makes packages of this repository those of a project, as if npm had installed exactly these there, and the engine's
 * sources the package graphql-corral. A package that is not named is not there, but for what others bring along.
 */
export function linkPackages(folder: string, names: readonly string[]): void {
  const modules = path.join(folder, 'node_modules');
  const link = (name: string): void => {
    mkdirSync(path.dirname(path.join(modules, name)), { recursive: true });
    symlinkSync(path.join(ours, name), path.join(modules, name));
  };
  link('.bin');
  for (const name of names) {
    if (name === 'graphql-corral') for (const brought of makeEngine(path.join(modules, name))) link(brought);
    else link(name);
  }
}

/** Returns the packages that the engine brings. Types are left out: this takes a tenth of the time of a build. */
function makeEngine(folder: string): string[] {
  const manifest = readFileSync(path.join(engine, 'package.json'), 'utf8');
  const files = readdirSync(engine, { recursive: true, encoding: 'utf8' });
  const entryPoints = files.filter((file) => /^(?!dist\/|docs\/).*(?<!\.d)\.ts$/.test(file));
  buildSync({
    absWorkingDir: engine,
    entryPoints,
    outbase: engine,
    outdir: path.join(folder, 'dist'),
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  writeFileSync(path.join(folder, 'package.json'), manifest);
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(manifest);
  return Object.keys(dependencies);
}
