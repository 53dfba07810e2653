import { readFileSync } from 'node:fs';
import path from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { memoryStore } from '../../../src/cache/index.js';
import { addCacheMetrics } from '../../../src/cache/prometheus/index.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

const root = path.resolve(import.meta.dirname, '..', '..', '..');

const counted = () => {
  const clock = manualClock();
  const { cache, query } = testCache({
    typeDefs: 'type Query { film(id: ID!): String @cached(ttl: 60) }',
    resolvers: { Query: { film: (_parent, { id }) => `film ${id}` } },
    ...{ clock, store: { ...memoryStore({ clock }), isLocal: false } },
  });
  const registry = new Registry();
  addCacheMetrics(registry, cache);
  const told = async (id: string): Promise<string[]> => {
    await query('query ($id: ID!) { film(id: $id) }', {}, { id });
    const text = await registry.metrics();
    return text.split('\n').filter((line) => line !== '');
  };
  return { query, registry, told };
};

/** The value of a sample. */
const valueOf = (lines: readonly string[], sample: string): number =>
  Number(
    lines
      .find((line) => line.startsWith(`${sample} `))
      ?.split(' ')
      .at(-1),
  );

describe('the metrics', () => {
  it('are named as Prometheus wants it, each with its help and type', async () => {
    const { told } = counted();
    const lines = await told('1');
    const types = new Map(
      lines.flatMap((line) => {
        const [, name = '', type = ''] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
        return name === '' ? [] : [[name, type] as const];
      }),
    );
    for (const [name, type] of types) {
      expect(name).toMatch(/^cache_[a-z_]+$/);
      if (type === 'counter') expect(name).toMatch(/_total$/);
      else expect(name).not.toMatch(/_total$/);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
      expect(lines.find((line) => line.startsWith(`# HELP ${name} `))).toMatch(/\.$/);
    }
    for (const line of lines.filter((one) => !one.startsWith('#'))) {
      const [, name = ''] = /^([a-z_]+)/.exec(line) ?? [];
      expect(types.has(name) || types.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram').toBe(
        true,
      );
    }
  });

  it('get no series more from a thousand arguments', async () => {
    const { told, query, registry } = counted();
    await told('0');
    const before = await told('0');
    for (let id = 0; id < 1000; id += 1)
      await query('query ($id: ID!) { film(id: $id) }', {}, { id: `${id}` });
    const after = (await registry.metrics()).split('\n').filter((line) => line !== '');
    expect(after.map((line) => line.replace(/ \S+$/, ''))).toEqual(
      before.map((line) => line.replace(/ \S+$/, '')),
    );
  });

  it('count a hit, a load and a round trip once, in buckets that add up', async () => {
    const { query, registry } = counted();
    // Without evidence, as readers are answered.
    const { told } = { told: async () => (await registry.metrics()).split('\n') };
    await query('query ($id: ID!) { film(id: $id) }', {}, { id: '1' });
    const lines = await told();
    expect(valueOf(lines, 'cache_load_duration_seconds_count{coordinate="Query.film"}')).toBe(1);
    expect(valueOf(lines, 'cache_load_duration_seconds_bucket{coordinate="Query.film",le="+Inf"}')).toBe(1);
    expect(valueOf(lines, 'cache_store_round_trip_duration_seconds_count')).toBe(2);
    expect(valueOf(lines, 'cache_store_round_trip_duration_seconds_bucket{le="10"}')).toBe(2);
  });
});

describe('the dashboard and the alerts of ops/', () => {
  it('name only series that there are', async () => {
    const { registry } = counted();
    collectDefaultMetrics({ register: registry });
    onTestFinished(() => registry.clear());
    const known = new Set(
      (await registry.getMetricsAsJSON()).flatMap(({ name, type }) =>
        String(type) === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const dashboard = readFileSync(path.join(root, 'ops', 'grafana', 'corral.json'), 'utf8');
    const alerts = readFileSync(path.join(root, 'ops', 'prometheus', 'alerts.yaml'), 'utf8');
    expect(() => void [JSON.parse(dashboard), parse(alerts)]).not.toThrow();
    for (const text of [dashboard, alerts]) {
      const named = Array.from(text.matchAll(/\b(?:cache|process)_[a-z_]+\b/g), ([name]) => name);
      expect(named.length).toBeGreaterThan(8);
      expect(named.filter((name) => !known.has(name))).toEqual([]);
    }
  });
});
