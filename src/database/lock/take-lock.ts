import { link, rename, rm } from 'node:fs/promises';
import { highestLock, isFileFault, lockNumbers, lockPath, writeDraft } from './lock-files.js';
import { thisProcess } from './running-process.js';

export interface DataLock {
  release(): Promise<void>;
}

/** Creates the lock of this number; undefined when another process was faster. */
export async function takeLock(directory: string, number: number): Promise<DataLock | undefined> {
  const file = lockPath(directory, number);
  if (!(await create(directory, file))) return undefined;
  // A slow process may create a number that others took, gave back and cleared away since it looked; theirs are higher.
  if ((await highestLock(directory)) !== number) {
    await rm(file, { force: true });
    return undefined;
  }
  await removeLocksBelow(directory, number);
  return { release: () => giveBack(directory, file) };
}

/** A link appears with its content, all at once, and cannot be made twice. */
async function create(directory: string, file: string): Promise<boolean> {
  const draft = await writeDraft(directory, thisProcess());
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (isFileFault(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** The file stays, free for the next number, so that the numbers only rise. */
async function giveBack(directory: string, file: string): Promise<void> {
  await rename(await writeDraft(directory, null), file);
}

async function removeLocksBelow(directory: string, number: number): Promise<void> {
  const older = (await lockNumbers(directory)).filter((candidate) => candidate < number);
  await Promise.all(older.map((candidate) => rm(lockPath(directory, candidate), { force: true })));
}
