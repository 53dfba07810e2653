import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { virtualClock } from '../../../src/cache/testing/index.js';

/** Charts of a field that is asked for with arguments often, and is then kept warm with them. */
async function charts() {
  const typeDefs = `
    enum Order { BEST WORST }
    type Query { chart(order: Order, first: Int): String @cached(ttl: 100, pattern: PREFETCH) }
  `;
  const orders = { BEST: { by: -1 }, WORST: { by: 1 } };
  const loads: string[] = [];
  const chart = (_: unknown, { order, first }: { order?: unknown; first?: number }): string => {
    const text = order === orders.BEST ? 'best' : order === orders.WORST ? 'worst' : `first ${String(first)}`;
    loads.push(text);
    return text;
  };
  const clock = virtualClock();
  const cache = createCache({ store: memoryStore({ clock }), clock, environment: 'test', random: () => 0 });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: { Order: orders, Query: { chart } },
    }),
  );
  await cache.start();
  onTestFinished(async () => {
    await Promise.all([cache.close(), clock.pass(60_000)]);
  });
  const ask = async (args: string) =>
    (await graphql({ schema, source: `{ chart(${args}) }`, contextValue: {} })).data?.['chart'];
  return { ask, clock, took: () => loads.splice(0) };
}

describe('arguments that PREFETCH has from clients', () => {
  it('are the very values that a resolver knows, or are not used', async () => {
    const { ask, clock, took } = await charts();
    for (let second = 0; second < 400; second += 1) {
      expect([await ask('order: BEST'), await ask('order: WORST')]).toEqual(['best', 'worst']);
      await clock.pass(1000);
    }
    expect(new Set(took())).toEqual(new Set(['best', 'worst']));
  });

  it('are used where others cannot be', async () => {
    const { ask, clock, took } = await charts();
    for (let time = 0; time < 5; time += 1) expect(await ask('first: 3')).toBe('first 3');
    await ask('order: BEST');
    await clock.pass(30_000);
    took();
    await clock.pass(100_000);
    expect(took()).toContain('first 3');
  });
});
