import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** Words that hide who does something, with what to write instead. */
const HIDING: readonly [word: RegExp, instead: string][] = [
  [/\bwhoever\b/i, 'name it: the process, the reader, the client'],
  [/\bnobody\b/i, 'name what does not: no process, no reader; or say that it is not known'],
  [/\bsomebody\b/i, 'name it: another process, a person, a client'],
  [/\b(he|his|him|himself)\b/i, 'programs, requests and readers are "it"'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
];

/** Where what a user reads stands: docs, the SDL, and the engine and API with their docstrings, errors and log lines. */
const PLACES = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  '.env.example',
  'docs',
  'schema',
  'src',
  'bench/README.md',
];
const TEXTS = /\.(md|graphql|tsx?|lua|example)$/;
const NOT_OURS = [
  join('src', 'generated'),
  join('src', 'cache', 'dashboard', 'page-files.ts'),
  join('src', 'cache', 'dist'),
  join('src', 'cache', 'docs'),
  join('src', 'cache', 'CHANGELOG.md'),
];

function filesOf(place: string): string[] {
  const path = join(root, place);
  if (statSync(path).isFile()) return [place];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(place, name))
    .filter(
      (name) => TEXTS.test(name) && !NOT_OURS.some((made) => name === made || name.startsWith(made + sep)),
    )
    .filter((name) => statSync(join(root, name)).isFile());
}

function hidingWords(text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      HIDING.filter(([word]) => word.test(line)).map(
        ([word, instead]) => `${index + 1}: ${word.exec(line)?.[0] ?? ''} (${instead})`,
      ),
    );
}

it('says in plain words who does what', () => {
  const files = PLACES.flatMap(filesOf);
  expect(files.length).toBeGreaterThan(200);
  const found = files.flatMap((file) =>
    hidingWords(readFileSync(join(root, file), 'utf8')).map(
      (words) => `${relative('.', file).replaceAll(sep, '/')}:${words}`,
    ),
  );
  expect(found).toEqual([]);
});

it.each(['Nobody waits.', 'the mend', 'he must load for himself', 'Whoever asks'])(
  'would find the hiding word in "%s"',
  (text) => expect(hidingWords(text)).not.toEqual([]),
);
