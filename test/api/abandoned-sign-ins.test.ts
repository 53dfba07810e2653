import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { needsPostgres } from '../support/needs.js';
import { type PrivatePostgres, privatePostgres } from '../support/private-postgres.js';
import { post } from '../support/worlds/seeded-api.js';
import { startedApi, type StartedApi } from '../support/processes/started-api.js';
import { expectTime } from '../support/run/expect-time.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 });

/** How many clients attack, and how often. The long form is for a machine that does nothing else. */
const [crowdSize, rounds] = process.env['ATTACKS'] === 'long' ? [300, 10] : [300, 1];

const right = { email: 'right@example.com', password: 'the right password' };
const signInText = `mutation ($email: String!, $password: String!) {
  signIn(email: $email, password: $password) { user { email } }
}`;

describe.skipIf(!needsPostgres())('a process that 300 clients at once ask to sign in', () => {
  let postgres: PrivatePostgres;
  beforeAll(async () => {
    postgres = await privatePostgres();
  });
  afterAll(() => postgres.stop());

  /** An API as a process of its own, with one account. */
  async function attackedApi(databaseUrl: string): Promise<StartedApi> {
    const api = await startedApi({
      NODE_ENV: 'test',
      DATABASE_URL: databaseUrl,
      SIGN_IN_PER_ADDRESS: '1000000',
      SESSION_MAX_PER_ACCOUNT: '3',
    });
    const { email, password } = right;
    const signUp = `mutation { signUp(email: "${email}", password: "${password}", displayName: "Rita") { token } }`;
    expect(await post(api, signUp)).toContain('"token"');
    await msOfSigningIn(api);
    return api;
  }

  /** Wrong passwords, each for another account; their clients hang up when the signal fires. */
  function crowd({ url }: StartedApi, signal: AbortSignal): Promise<unknown> {
    const requests = Array.from({ length: crowdSize }, (_, index) => {
      const variables = { email: `${index}@example.com`, password: 'a wrong one' };
      return fetch(`${url}/graphql`, {
        method: 'POST',
        signal,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: signInText, variables }),
      }).then((response) => response.text());
    });
    return Promise.allSettled(requests);
  }

  async function msOfSigningIn(api: StartedApi): Promise<number> {
    const startedAtMs = performance.now();
    expect(await post(api, signInText, { variables: right })).toBe(
      `{"data":{"signIn":{"user":{"email":"${right.email}"}}}}\n`,
    );
    return performance.now() - startedAtMs;
  }

  it('lets a right one wait for half a second at most, when they have left and while they wait', async () => {
    const api = await attackedApi(await postgres.createDatabase());
    for (let round = 1; round <= rounds; round += 1) {
      const aloneMs = await msOfSigningIn(api);
      const attack = crowd(api, AbortSignal.timeout(1000));
      // The last request of the crowd was made before this one.
      await post(api, '{ __typename }');
      const amongThemMs = await msOfSigningIn(api);
      await attack;
      const afterThemMs = await msOfSigningIn(api);
      process.stderr.write(
        `sign-in alone ${aloneMs.toFixed()} ms, among ${crowdSize} ${amongThemMs.toFixed()} ms, after them ${afterThemMs.toFixed()} ms\n`,
      );
      expectTime(amongThemMs - aloneMs).toBeLessThan(500);
      expectTime(afterThemMs - aloneMs).toBeLessThan(500);
    }
  });

  it('lets an account have no more sessions than it may, though many are opened at the same moment', async () => {
    const databaseUrl = await postgres.createDatabase();
    const api = await attackedApi(databaseUrl);
    const database = new pg.Client({ connectionString: databaseUrl });
    await database.connect();
    onTestFinished(() => database.end());
    // Opening sessions takes a moment, so that those of many requests would overlap.
    await database.query(`
      CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END $$;
      CREATE TRIGGER slowly BEFORE INSERT ON "Session" FOR EACH ROW EXECUTE FUNCTION slowly();
    `);
    await Promise.all(Array.from({ length: 8 }, () => msOfSigningIn(api)));
    const { rows } = await database.query('SELECT 1 FROM "Session"');
    expect(rows).toHaveLength(3);
  });
});
