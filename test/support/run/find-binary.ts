import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The full path of a program: on the PATH, or where Debian hides the programs of PostgreSQL's server. */
export function findBinary(name: string): string | undefined {
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter);
  return [...onPath, ...postgresFolders()].map((folder) => path.join(folder, name)).find(isExecutable);
}

/** The newest version first. */
function postgresFolders(): string[] {
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return [];
  const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => path.join(versions, version, 'bin'));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: keep looking.
    return false;
  }
}
