import { mkdir } from 'node:fs/promises';
import { ConfigurationError } from '../../start/configuration-error.js';
import { highestLock, isFileFault, lockPath, readHolder } from './lock-files.js';
import { isRunning, type RunningProcess, thisProcess } from './running-process.js';
import { type DataLock, takeLock } from './take-lock.js';

const attempts = 100;

/**
 * Makes sure that one process at a time uses a data directory; the embedded database would be destroyed by two.
 *
 * Lock files are numbered, and only the highest number counts. A process that finds it free, or held by a process that
 * has ended, creates the next number; the file system lets one succeed. Nothing is ever deleted to take a lock over,
 * so two processes that find the same stale lock cannot both win, which "delete it and create mine" would allow.
 */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  await makeDirectory(directory);
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const highest = await highestLock(directory);
    const holder = await readHolder(directory, highest);
    // The file went away while we looked, so another process is moving.
    if (holder === undefined) continue;
    if (holder !== null && isRunning(holder)) throw inUse(directory, holder, lockPath(directory, highest));
    const lock = await takeLock(directory, highest + 1);
    if (lock !== undefined) return lock;
  }
  throw new ConfigurationError(`The data directory ${directory} could not be locked; try again.`);
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (cause) {
    const isFile = isFileFault(cause, 'EEXIST') || isFileFault(cause, 'ENOTDIR');
    const reason = isFile ? 'is a file, or lies in one' : `cannot be made (${String(cause)})`;
    throw new ConfigurationError(
      `The data directory ${directory} ${reason}; name a folder in DATA_DIRECTORY, or set DATABASE_URL to a PostgreSQL server.`,
      { cause },
    );
  }
}

function inUse(directory: string, { host, pid }: RunningProcess, file: string): ConfigurationError {
  const isHere = host === thisProcess().host;
  const where = isHere ? '' : ` on ${host}`;
  // Of another machine it cannot be seen whether it still runs; a container has another name each time it is made.
  const orElse = isHere ? '' : ` Where ${host} does not run it any more, delete ${file}.`;
  return new ConfigurationError(
    `The data directory ${directory} is in use by process ${pid}${where}; ` +
      `stop it or set DATABASE_URL to a PostgreSQL server.${orElse}`,
  );
}
