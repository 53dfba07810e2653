import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureUsers } from '../support/film-fixture.js';
import { testApi, type TestApi } from '../support/test-api.js';

describe('/metrics', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await testApi({ settings: { CACHE_PROBE: 'on' } });
  });
  afterAll(() => api.close());

  async function scraped(): Promise<Map<string, number>> {
    const response = await fetch(`${api.url}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))];
      }),
    );
  }

  it('tells what became of reads, writes and probes, by coordinate', async () => {
    await api.ask('{ movie(id: 1) { title } }');
    await api.ask('{ movie(id: 1) { title } }');
    const token = await api.signIn(fixtureUsers[1].email);
    await api.ask('mutation { updateMovie(id: 1, input: { title: "Probed" }) { title } }', { token });
    await api.ask('{ movie(id: 1) { title } }');
    // Which of its tags is followed is left to chance.
    const probes = async (): Promise<[string, number][]> =>
      [...(await scraped())].filter(([name]) => name.startsWith('cache_probes_total{'));
    await expect.poll(probes).toEqual([[expect.any(String), 1]]);
    const metrics = await scraped();
    expect(Object.fromEntries(metrics)).toMatchObject({
      'cache_reads_total{coordinate="Query.movie",outcome="HIT"}': 1,
      'cache_reads_total{coordinate="Query.movie",outcome="MISS"}': 2,
      'cache_loads_total{coordinate="Query.movie"}': 2,
      'cache_invalidations_total{coordinate="Mutation.updateMovie"}': 1,
      cache_store_away: 0,
    });
    const inconsistent = [...metrics].filter(([name]) => name.startsWith('cache_inconsistency_total{'));
    expect(inconsistent).toEqual([[expect.stringMatching(/Movie|Person/), 0]]);
    expect(metrics.get('cache_relayed_rows_total')).toBeGreaterThan(0);
    expect(metrics.get('process_cpu_seconds_total')).toBeGreaterThan(0);
  });

  it('names neither keys nor values nor viewers', async () => {
    const text = [...(await scraped()).keys()].join('\n');
    expect(text).not.toMatch(/Movie:|Probed|@example\.com/);
  });
});
