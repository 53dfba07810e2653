import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startApi, type Api } from '../../src/start/api.js';
import { readConfig } from '../../src/config.js';
import type { Database } from '../../src/database/database.js';
import { packageRoot } from '../../src/start/package-root.js';
import { bundled } from '../support/run/bundled.js';
import { freePort } from '../support/free-port.js';
import { realisticMix } from '../support/load/realistic-mix.js';
import { seededServer } from '../support/worlds/seeded-api.js';
import { shortLived } from '../support/worlds/short-lived.js';
import { testApi } from '../support/worlds/test-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const run = promisify(execFile);

/** The program as `npm run advise` starts it, from its source. */
async function advise(...parameters: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const program = path.join(packageRoot, 'src', 'cache', 'command', 'corral.ts');
  const options = { cwd: await temporaryFolder(), timeout: 60_000 };
  const command = [bundled(program), 'advise', ...parameters];
  try {
    return { code: 0, ...(await run(process.execPath, command, options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

describe('npm run advise', () => {
  let database: Database;
  let api: Api;
  beforeAll(async () => {
    database = await seededServer();
    const config = readConfig({ NODE_ENV: 'test', PORT: '0', CACHE_PROBE: 'off' });
    api = await startApi(config, {
      log: pino({ level: 'silent' }),
      openDatabase: () => Promise.resolve(database),
      typeDefs: shortLived(),
    });
    await api.cache.warm.ready();
  });
  afterAll(() => api.close());

  it('says that too little has happened where that is so', async () => {
    const idle = await testApi();
    onTestFinished(() => idle.close());
    const { stdout } = await advise(idle.url);
    expect(stdout).toBe(
      'Too little has happened since the start to say anything; ask again after some traffic.\n',
    );
  });

  it('says after the realistic mix what its figures are, and at least three things that are true', async () => {
    const { errors } = await realisticMix(api, { requests: 900, atOnce: 8 });
    expect(errors).toBe(0);
    const { code, stdout } = await advise(api.url);
    process.stdout.write(stdout);
    const sentences = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(sentences.length).toBeGreaterThanOrEqual(3);
    const counters = api.cache.stats.counters();
    // Whatever a sentence claims can be counted again.
    for (const sentence of sentences) {
      const coordinate = sentence.slice(0, sentence.indexOf(': '));
      const counted = counters[coordinate];
      expect(counted, sentence).toBeDefined();
      if (counted === undefined) continue;
      const reads = counted.hits + counted.stale + counted.misses + counted.joined + counted.waited;
      const number = (pattern: RegExp): number | undefined => {
        const found = pattern.exec(sentence)?.[1]?.replaceAll(',', '');
        return found === undefined ? undefined : Number(found);
      };
      const claims: readonly [number | undefined, number][] = [
        [number(/ hits in ([\d,]+) reads/), reads],
        [number(/([\d,]+) refreshe?s?,/), counted.refreshes],
        [number(/, ([\d,]+) changes?:/), counted.changes],
        [number(/([\d,]+) reads waited/), counted.misses + counted.joined + counted.waited],
        [number(/^\S+ (\d+) % hits/), Math.round((100 * (counted.hits + counted.stale)) / reads)],
      ];
      // What is kept warm goes on meanwhile.
      for (const [claimed, truth] of claims) {
        if (claimed === undefined) continue;
        expect(claimed, sentence).toBeLessThanOrEqual(truth);
        expect(claimed, sentence).toBeGreaterThanOrEqual(truth * 0.8);
      }
    }
    expect(stdout).toMatch(/^Movie\.similar: \d+ % hits in [\d,]+ reads/m);
    expect(stdout).toMatch(/^Query\.searchMovies: \d+ refreshes, 0 changes: ttl 1 could be \d+\.$/m);
  });

  it('adds the figures of several processes up', async () => {
    const one = JSON.parse((await advise('--json', api.url)).stdout) as { sentence: string }[];
    const both = await advise('--json', api.url, api.url);
    expect(both.stderr).toBe('');
    const two = JSON.parse(both.stdout) as { sentence: string }[];
    const reads = (advice: { sentence: string }[]): number =>
      Number(
        advice
          .map(({ sentence }) => /^Movie\.similar: .* in ([\d,]+) reads/.exec(sentence)?.[1])
          .find((found) => found !== undefined)
          ?.replaceAll(',', ''),
      );
    expect(reads(two)).toBe(2 * reads(one));
  });

  it('says what it is for, and in one sentence what is wrong', async () => {
    expect(await advise('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Usage: corral advise'),
    });
    const url = `http://127.0.0.1:${await freePort()}`;
    expect(await advise(url)).toEqual({
      code: 1,
      stdout: '',
      stderr: `${url}/metrics does not answer; is the server running there?\n`,
    });
    expect(await advise('localhost')).toMatchObject({
      code: 2,
      stderr: 'The URL of the process is not a URL; write for example http://localhost:4000.\n',
    });
    expect(await advise('--what')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("unknown option '--what'"),
    });
  });
});
