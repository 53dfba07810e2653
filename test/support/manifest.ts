import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/start/package-root.js';

/** The names in one section of a JSON file of the repository, such as the scripts of package.json; none where it is missing. */
export function namesIn(file: string, section: string): string[] {
  const manifest: unknown = JSON.parse(readFileSync(path.join(packageRoot, file), 'utf8'));
  const found: unknown =
    typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, section) : undefined;
  return typeof found === 'object' && found !== null ? Object.keys(found) : [];
}
