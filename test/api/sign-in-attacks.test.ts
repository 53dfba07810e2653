import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Database } from '../../src/database/database.js';
import { fixturePassword } from '../support/worlds/film-fixture.js';
import { needsRedis } from '../support/needs.js';
import { type WorkerRedis, workerRedis } from '../support/servers/worker-redis.js';
import { fixtureDatabase, type TestApi, testApi, tokenOf } from '../support/worlds/test-api.js';

vi.setConfig({ testTimeout: 120_000 });

let database: Database;
beforeAll(async () => {
  database = await fixtureDatabase();
});
afterAll(() => database.close());

/** An API over the database of this file. */
async function api(settings: Readonly<Record<string, string>> = {}): Promise<TestApi> {
  const shared: Database = { ...database, close: () => Promise.resolve() };
  const started = await testApi({ settings, openDatabase: () => Promise.resolve(shared) });
  onTestFinished(() => started.close());
  return started;
}

const operation = `mutation ($email: String!, $password: String!) {
  signIn(email: $email, password: $password) { token }
}`;

interface Tried {
  readonly email?: string;
  readonly password?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `in`, or the code of the refusal. */
async function signIn(
  { ask }: Pick<TestApi, 'ask'>,
  { email = 'member@example.com', password = fixturePassword, headers = {} }: Tried = {},
): Promise<unknown> {
  const { errors } = await ask(operation, { variables: { email, password }, headers });
  return errors[0]?.extensions['code'] ?? 'in';
}

/** How many sign-ins the API has refused as too many wait. */
async function refusedAsBusy({ url }: Pick<TestApi, 'url'>): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^sign_in_refusals_total\{reason="queue"\} (\d+)$/m.exec(metrics)?.[1]);
}

describe('many sign-ins at once', () => {
  it('whose clients have left open no sessions', async () => {
    const attacked = await api();
    const countSessions = (): Promise<number> => database.prisma.session.count({ where: { userId: 2 } });
    const before = await countSessions();
    const controller = new AbortController();
    const variables = { email: 'editor@example.com', password: fixturePassword };
    const requests = Array.from({ length: 24 }, () =>
      fetch(`${attacked.url}/graphql`, {
        method: 'POST',
        signal: controller.signal,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: operation, variables }),
      }),
    );
    await Promise.any(requests);
    controller.abort();
    const answered = (await Promise.allSettled(requests)).filter(
      ({ status }) => status === 'fulfilled',
    ).length;
    // Those that were being answered when their clients left, and the ones after them, are over by then.
    for (let later = 0; later < 8; later += 1) await signIn(attacked, { email: 'other@example.com' });
    // Of the others, those whose passwords were hashed before the server saw that its clients were gone:
    // two at a time, and more than two where the machine is busy, but by far not all.
    expect((await countSessions()) - before - answered).toBeLessThan(10);
  });

  it('by one client with right passwords shut out no other client', async () => {
    const attacked = await api({ SIGN_IN_MAX_WAIT_MS: '1000', TRUSTED_PROXIES: '127.0.0.1,::1' });
    const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
    let isOver = false;
    // It asks anew as soon as it is answered or refused.
    const flood = Array.from({ length: 60 }, async () => {
      while (!isOver) await signIn(attacked, { email: 'editor@example.com', ...from('198.51.100.1') });
    });
    const outcomes: unknown[] = [];
    await expect.poll(() => refusedAsBusy(attacked), { timeout: 30_000 }).toBeGreaterThan(0);
    for (let count = 0; count < 6; count += 1) outcomes.push(await signIn(attacked, from('198.51.100.2')));
    isOver = true;
    await Promise.all(flood);
    expect(outcomes).toEqual(Array(6).fill('in'));
  });

  it('past the longest wait are told when to come back, and leave nothing in the log', async () => {
    const attacked = await api({ SIGN_IN_PER_ADDRESS: '1000', SIGN_IN_MAX_WAIT_MS: '100' });
    const refusals = await Promise.all(
      // More than a quick machine hashes in that time.
      Array.from({ length: 100 }, () =>
        attacked.ask(operation, { variables: { email: 'x@example.com', password: 'wrong' } }),
      ),
    );
    const busy = refusals.flatMap(({ errors }) => errors).filter((error) => codeOf(error) === 'SIGN_IN_BUSY');
    expect(busy.length).toBeGreaterThan(10);
    expect(busy[0]).toMatchObject({
      message: 'Too many clients are signing in right now; try again in a moment.',
      extensions: { retryAfterMs: expect.any(Number) },
    });
    expect(attacked.logged.join('')).not.toContain('a field failed');
  });
});

function codeOf({ extensions }: { extensions: Readonly<Record<string, unknown>> }): unknown {
  return extensions['code'];
}

describe('guessing passwords', () => {
  it('is refused past the limit of the account, for the right password too, and for no other account', async () => {
    const guessed = await api({ SIGN_IN_PER_ACCOUNT: '3' });
    const guesses: unknown[] = [];
    for (const email of ['member@example.com', 'MEMBER@example.com ', 'member@example.com']) {
      guesses.push(await signIn(guessed, { email, password: 'wrong' }));
    }
    expect(guesses).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED']);
    const { errors } = await guessed.ask(operation, {
      variables: { email: 'member@example.com', password: fixturePassword },
    });
    expect(errors[0]).toMatchObject({
      message: 'There were too many attempts; try again in 15 minutes.',
      extensions: { code: 'TOO_MANY_ATTEMPTS', retryAfterMs: expect.any(Number) },
    });
    expect(await signIn(guessed, { email: 'other@example.com' })).toBe('in');
  });

  it('is refused in the same way for an account that does not exist', async () => {
    const guessed = await api({ SIGN_IN_PER_ACCOUNT: '1' });
    const nobody = { email: 'nobody@example.com', password: 'wrong' };
    expect([await signIn(guessed, nobody), await signIn(guessed, nobody)]).toEqual([
      'UNAUTHENTICATED',
      'TOO_MANY_ATTEMPTS',
    ]);
  });

  it('and making accounts are refused past the limit of the address; right passwords do not count', async () => {
    const guessed = await api({ SIGN_IN_PER_ADDRESS: '2' });
    const signUp = (email: string): Promise<unknown> =>
      guessed
        .ask(
          `mutation { signUp(email: "${email}", password: "12345678", displayName: "Nora") { user { email } } }`,
        )
        .then(({ errors }) => errors[0]?.extensions['code'] ?? 'in');
    expect([await signIn(guessed), await signIn(guessed), await signIn(guessed)]).toEqual(['in', 'in', 'in']);
    expect(await signUp('nora.new@example.com')).toBe('in');
    expect(await signUp('nora.new@example.com')).toBe('BAD_USER_INPUT');
    expect(await signUp('nora.newer@example.com')).toBe('TOO_MANY_ATTEMPTS');
    expect(await signIn(guessed)).toBe('TOO_MANY_ATTEMPTS');
  });

  it.each([
    ['believes X-Forwarded-For of a trusted proxy', '127.0.0.1,::1', 'UNAUTHENTICATED'],
    ['does not believe X-Forwarded-For of others', '192.0.2.9', 'TOO_MANY_ATTEMPTS'],
  ])('%s', async (_, TRUSTED_PROXIES, second) => {
    const guessed = await api({ SIGN_IN_PER_ADDRESS: '1', TRUSTED_PROXIES });
    const outcomes: unknown[] = [];
    for (const address of ['198.51.100.1', '198.51.100.2']) {
      const headers = { 'x-forwarded-for': address };
      outcomes.push(await signIn(guessed, { email: `${address}@example.com`, password: 'wrong', headers }));
    }
    expect(outcomes).toEqual(['UNAUTHENTICATED', second]);
  });
});

describe('an address that a trusted proxy names', () => {
  it.each([
    ['with the port of each connection', '203.0.113.7:51234', '203.0.113.7:51235'],
    ['with a port of IPv6', '[2001:db8::1]:443', '[2001:db8::2]:444'],
    ['and that is none', 'unknown', '_hidden'],
  ])('%s counts as one client', async (_, first, second) => {
    const guessed = await api({ SIGN_IN_PER_ADDRESS: '1', TRUSTED_PROXIES: '127.0.0.1,::1' });
    const outcomes: unknown[] = [];
    for (const address of [first, second, '198.51.100.9']) {
      const headers = { 'x-forwarded-for': address };
      const email = `${outcomes.length}@example.com`;
      outcomes.push(await signIn(guessed, { email, password: 'wrong', headers }));
    }
    expect(outcomes).toEqual(['UNAUTHENTICATED', 'TOO_MANY_ATTEMPTS', 'UNAUTHENTICATED']);
  });
});

describe.skipIf(!needsRedis())('with a Redis', () => {
  let redis: WorkerRedis;
  let admin: Redis;
  beforeAll(async () => {
    redis = await workerRedis();
    admin = new Redis(redis.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });

  /** Its counters are in Redis: the connection for them is there. */
  async function connectedApi(settings: Readonly<Record<string, string>>): Promise<TestApi> {
    await admin.flushall();
    const started = await api({ ...settings, REDIS_URL: redis.url });
    await expect.poll(() => admin.exists('corral:attempts:address:probe'), { interval: 5 }).toBe(1);
    return started;
  }

  it('guesses are counted over all processes', async () => {
    const settings = { SIGN_IN_PER_ACCOUNT: '2' };
    const one = await connectedApi(settings);
    const other = await connectedApi(settings);
    const wrong = { email: 'editor@example.com', password: 'wrong' };
    const outcomes = [
      await signIn(one, wrong),
      await signIn(other, wrong),
      await signIn(one, wrong),
      await signIn(other, { email: 'editor@example.com' }),
    ];
    expect(outcomes).toEqual([
      'UNAUTHENTICATED',
      'UNAUTHENTICATED',
      'TOO_MANY_ATTEMPTS',
      'TOO_MANY_ATTEMPTS',
    ]);
  });

  it('a session that one process ends with all others is not accepted by the other one from then on', async () => {
    const [one, other] = [await connectedApi({}), await connectedApi({})];
    const tokens = [await one.signIn('admin@example.com'), await other.signIn('admin@example.com')];
    const nameOf = async ({ ask }: TestApi, token: string | undefined): Promise<unknown> => {
      const { data, errors } = await ask('{ me { displayName } }', { token });
      return errors[0]?.extensions['code'] ?? data;
    };
    for (const token of tokens) expect(await nameOf(other, token)).toEqual({ me: { displayName: 'Ada' } });
    const { data } = await one.ask('mutation { signOutEverywhere }', { token: tokens[0] });
    expect(data).toEqual({ signOutEverywhere: 2 });
    for (const token of tokens) expect(await nameOf(other, token)).toBe('UNAUTHENTICATED');
  });

  it('no password, token, or e-mail address of an attempt is in a key, a value, the log or a metric', async () => {
    const monitor = await admin.monitor();
    onTestFinished(() => monitor.disconnect());
    const said: string[] = [];
    monitor.on('monitor', (_time: string, words: string[]) => said.push(words.join(' ')));
    const watched = await connectedApi({});
    const secrets = ['my secret password', 'hidden@example.com'];
    await watched.ask(
      'mutation { signUp(email: "hidden@example.com", password: "my secret password", displayName: "Heidi") { user { id } } }',
    );
    await signIn(watched, { email: 'hidden@example.com', password: 'my secret password, misspelt' });
    const { data } = await watched.ask(operation, {
      variables: { email: 'hidden@example.com', password: 'my secret password' },
    });
    const token = tokenOf(data, 'signIn');
    await watched.ask('{ sessions { isCurrent } }', { token });
    await watched.ask('mutation { signOutEverywhere }', { token });
    await admin.echo('the end');
    await expect.poll(() => said.includes('echo the end')).toBe(true);
    const metrics = await (await fetch(`${watched.url}/metrics`)).text();
    const everything = [...said, ...watched.logged, metrics].join('\n');
    expect(everything).toContain('corral:attempts:account:');
    for (const secret of [...secrets, token]) expect(everything).not.toContain(secret);
  });
});
