import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ConfigurationError } from './configuration-error.js';
import { isRunning, type RunningProcess, thisProcess } from './running-process.js';

export interface DataLock {
  release(): Promise<void>;
}

/** What a lock file says: who holds it, or null once it was given back. */
const lockContent = z.object({
  holder: z.object({ host: z.string(), pid: z.number(), startedAt: z.string().optional() }).nullable(),
});
type Holder = z.infer<typeof lockContent>['holder'];

const attempts = 100;

/**
 * Makes sure that one process at a time uses a data directory; the embedded database would be destroyed by two.
 *
 * Lock files are numbered, and only the highest number counts. Whoever finds it free, or held by a process that
 * has ended, creates the next number; the file system lets one succeed. Nothing is ever deleted to take a lock over,
 * so two processes that find the same stale lock cannot both win, which "delete it and create mine" would allow.
 */
export async function lockDataDirectory(directory: string): Promise<DataLock> {
  await mkdir(directory, { recursive: true });
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const highest = await highestLock(directory);
    const holder = await readHolder(lockPath(directory, highest));
    // Undefined: the file went away while we looked, so somebody else is moving.
    if (holder === undefined) continue;
    if (holder !== null && isRunning(holder)) throw inUse(directory, holder);
    const lock = await takeLock(directory, highest + 1);
    if (lock !== undefined) return lock;
  }
  throw new ConfigurationError(`The data directory ${directory} could not be locked; try again.`);
}

async function takeLock(directory: string, number: number): Promise<DataLock | undefined> {
  const file = lockPath(directory, number);
  const draft = await writeDraft(directory, thisProcess());
  try {
    // A link appears with its content, all at once, and fails when the name is taken.
    await link(draft, file);
  } catch (error) {
    if (isFileFault(error, 'EEXIST')) return undefined;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  // A slow process may create a number that was taken, given back and cleared away before: not the highest any more.
  if ((await highestLock(directory)) !== number) {
    await rm(file, { force: true });
    return undefined;
  }
  await removeLocksBelow(directory, number);
  return { release: () => giveBack(directory, file) };
}

/** The file stays, so that the numbers only rise. */
async function giveBack(directory: string, file: string): Promise<void> {
  await rename(await writeDraft(directory, null), file);
}

async function writeDraft(directory: string, holder: RunningProcess | null): Promise<string> {
  const draft = path.join(directory, `draft-${randomUUID()}`);
  await writeFile(draft, JSON.stringify({ holder }));
  return draft;
}

/** Zero, which nobody holds, when there is no lock file yet. */
async function highestLock(directory: string): Promise<number> {
  return Math.max(0, ...(await lockNumbers(directory)));
}

async function lockNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => /^lock-(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
}

async function removeLocksBelow(directory: string, number: number): Promise<void> {
  const older = (await lockNumbers(directory)).filter((candidate) => candidate < number);
  await Promise.all(older.map((candidate) => rm(lockPath(directory, candidate), { force: true })));
}

async function readHolder(file: string): Promise<Holder | undefined> {
  if (path.basename(file) === 'lock-0.json') return null;
  try {
    return lockContent.parse(JSON.parse(await readFile(file, 'utf8'))).holder;
  } catch (error) {
    if (isFileFault(error, 'ENOENT')) return undefined;
    throw new ConfigurationError(
      `${file} is not a lock file of ours; delete it when no server uses its folder.`,
      {
        cause: error,
      },
    );
  }
}

function lockPath(directory: string, number: number): string {
  return path.join(directory, `lock-${number}.json`);
}

function isFileFault(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function inUse(directory: string, { host, pid }: RunningProcess): ConfigurationError {
  const where = host === thisProcess().host ? '' : ` on ${host}`;
  return new ConfigurationError(
    `The data directory ${directory} is in use by process ${pid}${where}; stop it or set DATABASE_URL to a PostgreSQL server.`,
  );
}
