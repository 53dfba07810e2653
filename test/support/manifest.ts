import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/start/package-root.js';

/** The names in one section of a JSON file of the repository, such as the scripts of package.json; none where it is missing. */
export function namesIn(file: string, section: string): string[] {
  return Object.keys(sectionOf(file, section));
}

/** The texts in it by their names, such as the ranges of dependencies. */
export function textsIn(file: string, section: string): Readonly<Record<string, string>> {
  const texts = Object.entries(sectionOf(file, section)).map(([name, text]) => [name, String(text)]);
  return Object.fromEntries(texts);
}

function sectionOf(file: string, section: string): object {
  const manifest: unknown = JSON.parse(readFileSync(path.join(packageRoot, file), 'utf8'));
  const found: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, section) : undefined;
  return typeof found === 'object' && found !== null ? found : {};
}
