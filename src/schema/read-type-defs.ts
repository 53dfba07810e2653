import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../start/package-root.js';

/** The SDL of the API: every file of schema/, in the order of their names. */
export function readTypeDefs(): string[] {
  const directory = path.join(packageRoot, 'schema');
  const files = readdirSync(directory).filter((name) => name.endsWith('.graphql'));
  return files.sort().map((name) => readFileSync(path.join(directory, name), 'utf8'));
}
