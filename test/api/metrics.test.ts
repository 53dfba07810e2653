import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore } from '../../src/cache/index.js';
import { fixtureUsers } from '../support/worlds/film-fixture.js';
import { withoutInvalidation } from '../support/stores/planted-stores.js';
import { testApi, type TestApi } from '../support/worlds/test-api.js';

/** A line of a sample: its name, its labels if it has any, and its value. */
const SAMPLE = /^([a-z][a-z0-9_]*(?:\{[a-zA-Z0-9_]+="[^"]*"(?:,[a-zA-Z0-9_]+="[^"]*")*\})?) (\S+)$/;

async function scraped({ metricsUrl }: TestApi): Promise<Map<string, number>> {
  const response = await fetch(`${metricsUrl}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const samples = lines.map((line): [string, number] => {
    const [, name, value] = SAMPLE.exec(line) ?? [];
    if (name === undefined) throw new Error(`This is no line of the text format: ${line}`);
    return [name, Number(value)];
  });
  return new Map(samples);
}

const among = (metrics: ReadonlyMap<string, number>, name: string): Record<string, number> =>
  Object.fromEntries([...metrics].filter(([sample]) => sample.startsWith(`${name}{`)));

describe('/metrics', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await testApi({
      settings: { CACHE_PROBE: 'on', METRICS_PORT: '0' },
      config: { environment: 'production', host: '127.0.0.1' },
    });
  });
  afterAll(() => api.close());

  it('tells in production as well what became of reads, writes and probes, by coordinate', async () => {
    await api.ask('{ movie(id: 1) { title } }');
    await api.ask('{ movie(id: 1) { title } }');
    const token = await api.signIn(fixtureUsers[1].email);
    await api.ask('mutation { updateMovie(id: 1, input: { title: "Probed" }) { title } }', { token });
    await api.ask('{ movie(id: 1) { title } }');
    // Which of its tags is followed is left to chance.
    const probes = async (): Promise<number> =>
      Object.values(among(await scraped(api), 'cache_probes_total')).reduce((sum, count) => sum + count, 0);
    await expect.poll(probes).toBeGreaterThan(0);
    const metrics = await scraped(api);
    expect(Object.fromEntries(metrics)).toMatchObject({
      'cache_reads_total{coordinate="Query.movie",outcome="HIT"}': 2,
      'cache_reads_total{coordinate="Query.movie",outcome="MISS"}': 1,
      'cache_loads_total{coordinate="Query.movie"}': 1,
      'cache_written_rows_total{coordinate="Mutation.updateMovie"}': 1,
      cache_journal_pending: 0,
      cache_flushed_writes_total: 0,
      'cache_invalidations_total{coordinate="Mutation.updateMovie"}': 1,
      cache_store_away: 0,
    });
    const loadMs = api.cache.stats.counters()['Query.movie']?.loadMs ?? 0;
    expect(loadMs).toBeGreaterThan(0);
    expect(metrics.get('cache_load_seconds_total{coordinate="Query.movie"}')).toBeCloseTo(loadMs / 1000);
    expect(metrics.get('cache_relayed_rows_total')).toBeGreaterThan(0);
    expect(metrics.get('process_cpu_seconds_total')).toBeGreaterThan(0);
  });

  it('is on a port of its own, where nothing else is, and not on the public one', async () => {
    expect(new URL(api.metricsUrl ?? '').port).not.toBe(new URL(api.url).port);
    const status = async (url: string): Promise<number> => (await fetch(url)).status;
    expect(await status(`${api.url}/metrics`)).toBe(404);
    expect(await status(`${api.metricsUrl}/metrics`)).toBe(200);
    expect(await status(`${api.metricsUrl}/graphql?query={__typename}`)).toBe(404);
    expect(await status(`${api.metricsUrl}/healthz`)).toBe(404);
  });

  it('is nowhere in production where no port is set, and on the port of the API in development', async () => {
    const config = { environment: 'production', host: '127.0.0.1' } as const;
    const silent = await testApi({ config });
    onTestFinished(() => silent.close());
    expect(silent.metricsUrl).toBeUndefined();
    expect((await fetch(`${silent.url}/metrics`)).status).toBe(404);
    const open = await testApi();
    onTestFinished(() => open.close());
    expect(open.metricsUrl).toBe(open.url);
    expect((await fetch(`${open.url}/metrics`)).status).toBe(200);
  });

  it('shows what has not happened yet as 0, so that the first inconsistency is seen to rise', async () => {
    const none = (name: string): Record<string, number> =>
      Object.fromEntries(
        ['Movie', 'Person', 'RatingSummary'].map((space) => [`${name}{namespace="${space}"}`, 0]),
      );
    expect(among(await scraped(api), 'cache_inconsistency_total')).toEqual(none('cache_inconsistency_total'));
  });

  it('tells what became of shadow checks, what has not happened as 0, and nothing where they are off', async () => {
    expect(among(await scraped(api), 'cache_shadow_checks_total')).toEqual({});
    const checked = await testApi({ settings: { CACHE_SHADOW_SHARE: '1' } });
    onTestFinished(() => checked.close());
    for (let times = 0; times < 2; times += 1) await checked.ask('{ movie(id: 1) { title } }');
    const counted = async (outcome: string): Promise<number | undefined> =>
      (await scraped(checked)).get(
        `cache_shadow_checks_total{coordinate="Query.movie",outcome="${outcome}"}`,
      );
    await expect.poll(() => counted('same')).toBe(1);
    expect(await counted('differs')).toBe(0);
  });

  it('tells how many sign-ins were refused, by reason, what has not happened as 0', async () => {
    const strict = await testApi({ settings: { SIGN_IN_PER_ACCOUNT: '1' } });
    onTestFinished(() => strict.close());
    const name = 'sign_in_refusals_total';
    const counted = (account: number): Record<string, number> => ({
      [`${name}{reason="account"}`]: account,
      [`${name}{reason="address"}`]: 0,
      [`${name}{reason="queue"}`]: 0,
    });
    expect(among(await scraped(strict), name)).toEqual(counted(0));
    const { email } = fixtureUsers[0];
    const wrong = `mutation { signIn(email: "${email}", password: "a wrong one") { token } }`;
    for (let times = 0; times < 3; times += 1) await strict.ask(wrong);
    expect(among(await scraped(strict), name)).toEqual(counted(2));
  });

  it('names neither keys nor values nor viewers', async () => {
    const text = [...(await scraped(api)).keys()].join('\n');
    expect(text).not.toMatch(/Movie:|Probed|@example\.com/);
  });

  it('tells of this API and of no other in the process', async () => {
    const other = await testApi();
    onTestFinished(() => other.close());
    expect(among(await scraped(other), 'cache_reads_total')).toEqual({});
  });
});

describe('an API whose invalidations are acknowledged and not made', () => {
  it('reports itself within ten seconds, at /metrics and in its log, without keys or values', async () => {
    const api = await testApi({
      settings: { CACHE_PROBE: 'on' },
      store: withoutInvalidation(memoryStore()),
    });
    onTestFinished(() => api.close());
    const token = await api.signIn(fixtureUsers[0].email);
    await api.ask('{ movie(id: 2) { ratingSummary { count average } } }');
    const since = performance.now();
    const { errors } = await api.ask('mutation { rateMovie(movieId: 2, stars: 1) { stars } }', { token });
    expect(errors).toEqual([]);
    const inconsistent = 'cache_inconsistency_total{namespace="RatingSummary"}';
    const reported = async (): Promise<number | undefined> => (await scraped(api)).get(inconsistent);
    await expect.poll(reported, { timeout: 10_000 }).toBeGreaterThan(0);
    process.stdout.write(`the API reported itself after ${Math.round(performance.now() - since)} ms\n`);
    const told = api.logged.map((line): unknown => JSON.parse(line));
    expect(told).toContainEqual(
      expect.objectContaining({
        namespace: 'RatingSummary',
        msg: 'the cache answers with an entry that the database has superseded',
      }),
    );
    expect(api.logged.filter((line) => line.includes('superseded')).join()).not.toMatch(
      /RatingSummary:|average/,
    );
  });
});
