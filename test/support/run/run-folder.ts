import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makePlaces } from './claim-place.js';
import { RUN_FOLDER } from './run-folder-name.js';

/** Names the folder of the programs that tests start. It lies in the project, whose packages they import. */
export const PROGRAMS_FOLDER = 'CORRAL_TEST_PROGRAMS_FOLDER';

const dist = path.resolve(import.meta.dirname, '..', '..', '..', 'dist');

/** Run by vitest before all tests, once for each project: the first makes the folders, and removes them in the end. */
export default async function makeRunFolders(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[RUN_FOLDER] !== undefined) return undefined;
  await mkdir(dist, { recursive: true });
  const folders = {
    [RUN_FOLDER]: await mkdtemp(path.join(tmpdir(), 'corral-run-')),
    [PROGRAMS_FOLDER]: await mkdtemp(path.join(dist, 'programs-of-tests-')),
  };
  // Their ports are told to no test.
  Object.assign(process.env, folders);
  await makePlaces(folders[RUN_FOLDER]);
  return async () => {
    await endServers(folders[RUN_FOLDER]);
    await Promise.all(Object.values(folders).map((folder) => rm(folder, { recursive: true, force: true })));
  };
}

/** Ends the Redis servers that workers have started (`worker-redis.ts`). */
async function endServers(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((name) => /^(redis|cluster)-of-worker-/.test(name));
  for (const file of files) {
    const text = await readFile(path.join(folder, file), 'utf8');
    for (const { pid } of JSON.parse(text) as readonly { readonly pid: number }[])
      process.kill(pid, 'SIGKILL');
  }
}
