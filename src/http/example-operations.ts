import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../start/package-root.js';

/** What the explorers show to a person who comes for the first time: the files of schema/examples/, in the order of their names. */
export function exampleOperations(): readonly string[] {
  const directory = path.join(packageRoot, 'schema', 'examples');
  return readdirSync(directory)
    .sort()
    .map((name) => readFileSync(path.join(directory, name), 'utf8'));
}

/** Asks for the evidence: how each field was answered. */
export const exampleHeaders = { 'x-cache-debug': '1' } as const;
