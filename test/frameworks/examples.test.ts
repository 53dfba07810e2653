import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/start/package-root.js';
import { textsIn } from '../support/manifest.js';
import { needsBinary } from '../support/needs.js';
import { asked, runExample, shownFiles } from './example.js';

const folders = readdirSync(path.join(packageRoot, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'shop')
  .map(({ name }) => name);
/** Run by nest.test.ts, which has its compiler. */
const COMPILED = 'nestjs';

const textOf = (file: string): string => readFileSync(path.join(packageRoot, file), 'utf8');
const manifestOf = (name: string): string => path.join('node_modules', name, 'package.json');

/** The packages that the files of an example import. */
function importsOf(folder: string): string[] {
  const files = readdirSync(path.join(packageRoot, 'examples', folder)).filter((name) =>
    name.endsWith('.ts'),
  );
  const texts = files.map((name) => textOf(path.join('examples', folder, name))).join('\n');
  const found = Array.from(
    texts.matchAll(/(?:from|import) '((?:@[\w-]+\/)?[\w-]+)/g),
    ([, name = '']) => name,
  );
  return [...new Set(found)].filter((name) => !texts.includes(`'${name}:`) && name !== 'node');
}

describe.skipIf(!needsBinary('curl', 'curl'))('the examples', () => {
  it.concurrent.for(folders.filter((folder) => folder !== COMPILED))(
    'answer what the docs show, and end with 0: %s',
    async (folder, { onTestFinished }) => {
      const { script = '', shown = [] } = asked[folder] ?? asked['news'] ?? {};
      const ended = await runExample({
        script,
        file: path.join(packageRoot, 'examples', folder, 'server.ts'),
        folder: packageRoot,
        atEnd: onTestFinished,
      });
      expect(ended).toMatchObject({ answers: shown, code: 0, stderr: '' });
      expect(shown.length).toBeGreaterThan(1);
    },
  );
});

describe('the files of the examples', () => {
  it('are those that the docs show', () => {
    const names = Object.keys(shownFiles);
    expect(names.length).toBeGreaterThan(5);
    expect(Object.fromEntries(names.map((name) => [name, textOf(name)]))).toEqual(shownFiles);
  });

  it.each(folders)('need what their package.json names, in the versions of this repository: %s', (folder) => {
    const manifest = path.join('examples', folder, 'package.json');
    const needed = textsIn(manifest, 'dependencies');
    const names = Object.keys(needed);
    const here = {
      ...textsIn('package.json', 'devDependencies'),
      ...textsIn('package.json', 'dependencies'),
    };
    const engine = /"version": "(.+)"/.exec(textOf(path.join('src', 'cache', 'package.json')))?.[1];
    for (const [name, range] of Object.entries(needed))
      expect({ name, range }).toEqual({ name, range: name === 'graphql-corral' ? `^${engine}` : here[name] });

    const imported = importsOf(folder);
    const mayBe = names.flatMap((name) => [
      ...Object.keys(textsIn(manifestOf(name), 'peerDependencies')),
      ...Object.keys(textsIn(manifestOf(name), 'peerDependenciesMeta')),
    ]);
    expect(imported.filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => !imported.includes(name) && !mayBe.includes(name))).toEqual([]);
  });
});
