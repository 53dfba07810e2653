import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { loadDevelopmentPackage } from '../../src/database/load-development-package.js';
import { filmRows } from './film-rows.js';
import { seedMend } from './seed-mend.js';

const require = createRequire(import.meta.url);

/** The films of the npm package vega-datasets. It exports its code only, so the file is found from there. */
export async function readFilms(): Promise<ReturnType<typeof filmRows>> {
  const code = await loadDevelopmentPackage(
    () => new Promise<string>((resolve) => resolve(require.resolve('vega-datasets'))),
    seedMend,
  );
  const file = path.join(path.dirname(code), '..', 'data', 'movies.json');
  return filmRows(JSON.parse(await readFile(file, 'utf8')));
}
