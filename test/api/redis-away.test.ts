import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Api } from '../../src/start/api.js';
import type { Database } from '../../src/database/database.js';
import { fixturePassword, fixtureUsers } from '../support/worlds/film-fixture.js';
import { freePort } from '../support/free-port.js';
import { needsRedis } from '../support/needs.js';
import { privateRedis } from '../support/private-redis.js';
import { startProgram } from '../support/processes/program.js';
import { apiOver, post } from '../support/worlds/seeded-api.js';
import { startedApi } from '../support/processes/started-api.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { fixtureDatabase } from '../support/worlds/test-api.js';
import { expectTime } from '../support/run/expect-time.js';

vi.setConfig({ testTimeout: 120_000 });

const film = '{ movie(id: 1) { title director { name } } }';
const answer = '{"data":{"movie":{"title":"The Long Night","director":{"name":"Anna Alpha"}}}';
const evidence = { 'x-cache-debug': '1' };

async function readiness({ url }: Pick<Api, 'url'>): Promise<unknown> {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.json()];
}

const degraded = [200, { status: 'ready', database: 'ok', cache: 'degraded' }];
const healthy = [200, { status: 'ready', database: 'ok', cache: 'ok' }];

describe('an API whose Redis is away', () => {
  let database: Database;
  beforeAll(async () => {
    database = await fixtureDatabase();
  });
  afterAll(() => database.close());

  it('starts and serves within three seconds, ready and degraded', async () => {
    const redisUrl = `redis://127.0.0.1:${await freePort()}`;
    const before = performance.now();
    const api = await apiOver(database, { redisUrl });
    onTestFinished(() => api.close());
    expect(await post(api, film)).toContain(answer);
    const tookMs = performance.now() - before;
    expect(await readiness(api)).toEqual(degraded);
    expectTime(tookMs).toBeLessThan(3000);
  });

  it('ends a session that is signed out all the same', async () => {
    const api = await apiOver(database, { redisUrl: `redis://127.0.0.1:${await freePort()}` });
    onTestFinished(() => api.close());
    const { email } = fixtureUsers[0];
    const signIn = `mutation { signIn(email: "${email}", password: "${fixturePassword}") { token } }`;
    const token = /"token":"([^"]+)"/.exec(await post(api, signIn))?.[1] ?? '';
    expect(await post(api, '{ me { email } }', { token })).toContain(email);
    expect(await post(api, 'mutation { signOut }', { token })).toContain('{"data":{"signOut":true}');
    expect(await post(api, '{ me { email } }', { token })).toContain('UNAUTHENTICATED');
  });

  it.skipIf(!needsRedis())('uses it as soon as it is there, without a restart', async () => {
    const port = await freePort();
    const api = await apiOver(database, { redisUrl: `redis://127.0.0.1:${port}` });
    onTestFinished(() => api.close());
    expect(await readiness(api)).toEqual(degraded);
    const redis = await privateRedis('--port', `${port}`);
    onTestFinished(() => redis.stop());
    await expect.poll(() => readiness(api), { timeout: 10_000 }).toEqual(healthy);
    await post(api, film);
    await expect
      .poll(() => post(api, film, { headers: evidence }), { timeout: 10_000 })
      .toMatch(/"outcome":"HIT","tier":"redis"/);
    await redis.stop();
    await expect.poll(() => readiness(api), { timeout: 10_000 }).toEqual(degraded);
    expect(await post(api, film)).toContain(answer);
  });

  it('says so where it says what it stands on, and needs no database server for it', async () => {
    const port = await freePort();
    const { program } = await startedApi({
      NODE_ENV: 'test',
      REDIS_URL: `redis://films:secret@127.0.0.1:${port}/2`,
    });
    await program.prints(/Database +embedded PostgreSQL in \.data/);
    await program.prints(
      new RegExp(
        `Cache +Redis at 127\\.0\\.0\\.1:${port} \\(database 2\\), shared by all processes; ` +
          'away: serving from the database until it is back\n',
      ),
    );
    expect(program.printed()).not.toContain('secret');
  });
});

describe.skipIf(!needsRedis())('an API whose Redis refuses it', () => {
  it.each<[title: string, settings: string[], path: string, sentence: RegExp]>([
    [
      'asks for a password',
      ['--requirepass', 'hidden'],
      '',
      /^redisStore: Redis at \S+ asks for a password; .+\n$/,
    ],
    ['has no such database', ['--databases', '1'], '/5', /^redisStore: Redis at \S+ has no database .+\n$/],
  ])('as it %s does not start, and says what to change', async (_title, settings, path, sentence) => {
    const redis = await privateRedis(...settings);
    onTestFinished(() => redis.stop());
    const environment = { NODE_ENV: 'test', PORT: '0', REDIS_URL: `${redis.url}${path}` };
    const ended = await startProgram({ folder: await temporaryFolder(), environment }).ended();
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(sentence) });
  });
});
