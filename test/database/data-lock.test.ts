import { readdir, rm, writeFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../src/start/configuration-error.js';
import { lockDataDirectory } from '../../src/database/lock/data-lock.js';
import { thisProcess } from '../../src/database/lock/running-process.js';
import { takeLock } from '../../src/database/lock/take-lock.js';
import { childProcess } from '../support/processes/child-process.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const inUse = (directory: string, process: string) =>
  `The data directory ${directory} is in use by process ${process}; ` +
  'stop it or set DATABASE_URL to a PostgreSQL server.';

describe('the lock of the data directory', () => {
  it('makes the directory', async () => {
    const directory = `${await temporaryFolder()}/deep/down`;
    await lockDataDirectory(directory);
    expect(await readdir(directory)).toEqual(['lock-1.json']);
  });

  it.each(['', '/inside'])('refuses a file in the place of the directory: file%s', async (inside) => {
    const file = `${await temporaryFolder()}/file`;
    await writeFile(file, '');
    await expect(lockDataDirectory(file + inside)).rejects.toThrow(
      new ConfigurationError(
        `The data directory ${file}${inside} is a file, or lies in one; ` +
          'name a folder in DATA_DIRECTORY, or set DATABASE_URL to a PostgreSQL server.',
      ),
    );
  });

  it('refuses a second process while the first one lives, and is taken over when it was killed', async () => {
    const directory = await temporaryFolder();
    const first = childProcess('hold-data-lock.ts', directory);
    expect(await first.nextLine()).toBe('locked');
    await expect(lockDataDirectory(directory)).rejects.toThrow(
      new ConfigurationError(inUse(directory, String(first.pid))),
    );
    await first.kill();
    await lockDataDirectory(directory);
    expect(await readdir(directory)).toEqual(['lock-2.json']);
  });

  it('refuses the same process too', async () => {
    const directory = await temporaryFolder();
    await lockDataDirectory(directory);
    await expect(lockDataDirectory(directory)).rejects.toThrow(inUse(directory, String(process.pid)));
  });

  it('is free again when it was given back', async () => {
    const directory = await temporaryFolder();
    await (await lockDataDirectory(directory)).release();
    await (await lockDataDirectory(directory)).release();
    expect(await readdir(directory)).toEqual(['lock-2.json']);
  });

  it.skipIf(process.platform !== 'linux')(
    'is stale when its process id now belongs to another run',
    async () => {
      const holder = { ...thisProcess(), startedAt: 'another boot:123' };
      const directory = await temporaryFolder({ 'lock-7.json': JSON.stringify({ holder }) });
      await lockDataDirectory(directory);
      expect(await readdir(directory)).toEqual(['lock-8.json']);
    },
  );

  it('holds when it was taken on another host, where nobody can look', async () => {
    const holder = { host: 'elsewhere', pid: 5 };
    const directory = await temporaryFolder({ 'lock-1.json': JSON.stringify({ holder }) });
    await expect(lockDataDirectory(directory)).rejects.toThrow(
      new ConfigurationError(
        `${inUse(directory, '5 on elsewhere')} Where elsewhere does not run it any more, delete ${directory}/lock-1.json.`,
      ),
    );
    await rm(`${directory}/lock-1.json`);
    await lockDataDirectory(directory);
  });

  it('is not read from a file that is not ours', async () => {
    const directory = await temporaryFolder({ 'lock-1.json': 'hello' });
    await expect(lockDataDirectory(directory)).rejects.toThrow(
      `${directory}/lock-1.json is not a lock file of ours; delete it when no server uses its folder.`,
    );
  });

  it('goes to one of many that find it stale at the same moment', async () => {
    const holder = { ...thisProcess(), pid: 2 ** 22 + 1 };
    const directory = await temporaryFolder({ 'lock-1.json': JSON.stringify({ holder }) });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDirectory(directory)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is not given to a process so slow that its number was taken and given back meanwhile', async () => {
    const directory = await temporaryFolder({ 'lock-5.json': JSON.stringify({ holder: null }) });
    expect(await takeLock(directory, 4)).toBeUndefined();
    expect(await readdir(directory)).toEqual(['lock-5.json']);
  });

  it('never has two holders, however often it changes hands', async () => {
    const directory = await temporaryFolder();
    let holders = 0;
    let taken = 0;
    const takeTurns = async (): Promise<void> => {
      for (let turn = 0; turn < 40; turn += 1) {
        const lock = await lockDataDirectory(directory).catch(() => undefined);
        if (lock === undefined) continue;
        taken += 1;
        holders += 1;
        expect(holders).toBe(1);
        await setImmediate();
        holders -= 1;
        await lock.release();
      }
    };
    await Promise.all(Array.from({ length: 8 }, takeTurns));
    expect(taken).toBeGreaterThan(8);
  });
});
