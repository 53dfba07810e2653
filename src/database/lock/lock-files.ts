import { randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ConfigurationError } from '../../start/configuration-error.js';
import type { RunningProcess } from './running-process.js';

/** What a lock file says: who holds it, or null once it was given back. */
const content = z.object({
  holder: z.object({ host: z.string(), pid: z.number(), startedAt: z.string().optional() }).nullable(),
});

export function lockPath(directory: string, number: number): string {
  return path.join(directory, `lock-${number}.json`);
}

export async function lockNumbers(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names.flatMap((name) => /^lock-(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number);
}

/** Zero, which no process ever holds, when there is no lock file yet. */
export async function highestLock(directory: string): Promise<number> {
  return Math.max(0, ...(await lockNumbers(directory)));
}

/** Undefined when the file has gone since it was listed. */
export async function readHolder(
  directory: string,
  number: number,
): Promise<RunningProcess | null | undefined> {
  if (number === 0) return null;
  const file = lockPath(directory, number);
  try {
    return content.parse(JSON.parse(await readFile(file, 'utf8'))).holder;
  } catch (error) {
    if (isFileFault(error, 'ENOENT')) return undefined;
    throw new ConfigurationError(
      `${file} is not a lock file of ours; delete it when no server uses its folder.`,
      { cause: error },
    );
  }
}

/** A finished file under a name of its own, to be put in place in one step. */
export async function writeDraft(directory: string, holder: RunningProcess | null): Promise<string> {
  const draft = path.join(directory, `draft-${randomUUID()}`);
  await writeFile(draft, JSON.stringify({ holder }));
  return draft;
}

export function isFileFault(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
