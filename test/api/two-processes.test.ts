import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { type PrivatePostgres, privatePostgres } from '../support/private-postgres.js';
import { isOnCluster, testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { post, signInAll } from '../support/worlds/seeded-api.js';
import { type StartedApi, startedApi } from '../support/processes/started-api.js';

// Two programs start, and the first pair fills the database, on whatever machine this is.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 180_000 });

const evidence = { 'x-cache-debug': '1' };
const charts = '{ topCharts(decade: 1990) { rank movie { title } } }';
const film = '{ movie(id: 1) { title version } }';
const me = '{ me { email } }';

describe.skipIf(!needsPostgres() || !needsRedis())('two processes on one PostgreSQL and one Redis', () => {
  let postgres: PrivatePostgres;
  let redis: TestedRedis;
  let environment: Record<string, string>;
  beforeAll(async () => {
    [postgres, redis] = await Promise.all([privatePostgres(), testedRedis()]);
    // In development, so that the first start fills the database and there is an editor.
    environment = {
      DATABASE_URL: await postgres.createDatabase(),
      REDIS_URL: isOnCluster ? redis.url : `${redis.url}/1`,
    };
  });
  afterAll(() => Promise.all([postgres.stop(), redis.stop()]));

  const startTwo = (): Promise<[StartedApi, StartedApi]> =>
    Promise.all([startedApi(environment), startedApi(environment)]);

  it('can be started at once on an empty database: one fills it, both serve it', async () => {
    const [one, other] = await startTwo();
    for (const { url, program } of [one, other]) {
      expect(await post({ url }, film)).toContain('"title":"The Land Girls"');
      const [place, database] = isOnCluster ? ['the cluster of ', 0] : ['', 1];
      expect(program.printed()).toContain(
        `Redis at ${place}127.0.0.1:${redis.servers[0]?.port} (database ${database}), shared by all processes\n`,
      );
      const readiness = async (): Promise<unknown> => {
        const answer = await fetch(`${url}/readyz`);
        return [answer.status, await answer.json()];
      };
      // Once the reports are warm.
      const ready = [200, { status: 'ready', database: 'ok', cache: 'ok' }];
      await expect.poll(readiness, { timeout: 20_000, interval: 100 }).toEqual(ready);
      expect(await post({ url }, charts, { headers: evidence })).toContain('"outcome":"HIT"');
    }
  });

  it('share what one has loaded, and see what the other writes at once', async () => {
    const [one, other] = await startTwo();
    const [, token = ''] = await signInAll(one);
    await post(one, film);
    expect(await post(other, film, { headers: evidence })).toMatch(/"outcome":"HIT","tier":"redis"/);
    for (const [index, writer] of [one, other, one].entries()) {
      const title = `The Land Girls, take ${index}`;
      const rename = 'mutation ($title: String!) { updateMovie(id: 1, input: { title: $title }) { title } }';
      expect(await post(writer, rename, { token, variables: { title } })).toContain(title);
      for (const reader of [one, other]) expect(await post(reader, film)).toContain(title);
    }
  });

  it('end a session everywhere when it is signed out in one', async () => {
    const [one, other] = await startTwo();
    const [token = ''] = await signInAll(one);
    for (const api of [one, other]) expect(await post(api, me, { token })).toContain('member@corral.example');
    expect(await post(one, 'mutation { signOut }', { token })).toContain('"signOut":true');
    for (const api of [other, one]) expect(await post(api, me, { token })).toContain('UNAUTHENTICATED');
  });
});
