import { buildSync } from 'esbuild';
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { PROGRAMS_FOLDER } from './run-folder.js';

const root = path.resolve(import.meta.dirname, '..', '..', '..');

/**
 * Has V8 compile WebAssembly quickly, and not a second time for speed: the embedded database of a test lives for some seconds,
 * which is less than the second time pays for.
 */
const COMPILE_ONCE = `import { setFlagsFromString as setV8Flag } from 'node:v8'; setV8Flag('--liftoff-only');`;

/**
 * The path of a TypeScript program of this project as one file of JavaScript, packages left out. It starts in a third
 * of the time that tsx takes. Each program is bundled once in a run of the tests, by the first file that starts it.
 */
export function bundled(program: string): string {
  const folder = process.env[PROGRAMS_FOLDER];
  if (folder === undefined) throw new Error('Programs are bundled in a run of vitest only.');
  const name = path.relative(root, program).replaceAll(path.sep, '-').replace(/\.ts$/, '.mjs');
  const file = path.join(folder, name);
  if (existsSync(file)) return file;
  const unfinished = `${file}.${process.pid}`;
  buildSync({
    absWorkingDir: root,
    entryPoints: [program],
    outfile: unfinished,
    bundle: true,
    packages: 'external',
    // For all programs: by its paths the examples take the engine of this repository.
    tsconfig: path.join(root, 'tsconfig.json'),
    platform: 'node',
    format: 'esm',
    banner: { js: COMPILE_ONCE },
    target: 'node20',
    logLevel: 'error',
  });
  // Two test files may bundle it at once, and both the same: whichever is last replaces it whole.
  renameSync(unfinished, file);
  return file;
}
