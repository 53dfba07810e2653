import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Names the folder in which all test files of one run keep what they share; it is not set outside of a run. */
export const RUN_FOLDER = 'CORRAL_TEST_RUN_FOLDER';

/** Run by vitest before all tests, once for each project: the first makes the folder, and removes it in the end. */
export default async function makeRunFolder(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[RUN_FOLDER] !== undefined) return undefined;
  const folder = await mkdtemp(path.join(tmpdir(), 'corral-run-'));
  process.env[RUN_FOLDER] = folder;
  return () => rm(folder, { recursive: true, force: true });
}
