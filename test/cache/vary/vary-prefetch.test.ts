import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type CacheOptions } from '../../../src/cache/index.js';
import type { VaryValues } from '../../../src/cache/types/index.js';
import { testCache, type TestContext } from '../../support/test-cache.js';
import { virtualClock } from '../../../src/cache/testing/index.js';

const typeDefs = `
  type Query {
    chart(first: Int! = 10): [String!]
      @cached(ttl: 100, pattern: PREFETCH, tags: ["Film"], vary: ["locale"])
    words: String @cached(ttl: 100, vary: ["tenant"])
  }
  type Mutation { rate: Int @invalidates(tags: ["Film"]) }
`;

/** Charts that are kept warm in two languages; every load is written down. */
function warmed(options: Partial<CacheOptions<TestContext>> = {}) {
  const clock = virtualClock();
  const loads: string[] = [];
  const tested = testCache({
    typeDefs,
    vary: { tenant: ({ tenant }) => tenant, locale: ({ locale }) => locale },
    resolvers: {
      Query: {
        chart: (_root, { first }: { first: number }, { locale }) => {
          loads.push(`${String(locale)} ${first}`);
          return [`best in ${String(locale)}`];
        },
        words: () => 'words',
      },
      Mutation: { rate: () => 1 },
    },
    store: memoryStore({ clock }),
    clock,
    warm: { 'Query.chart': ({ locale }) => (locale === 'de' ? [{}, { first: 5 }] : [{}]) },
    warmVariants: [
      { locale: 'de', tenant: 'a' },
      { locale: 'de', tenant: 'b' },
      { locale: 'fr', tenant: 'a' },
    ],
    backgroundContext: ({ locale }: VaryValues) => ({ locale }),
    ...options,
  });
  onTestFinished(async () => {
    await Promise.all([tested.cache.close(), clock.pass(60_000)]);
  });
  return { ...tested, clock, took: (): string[] => loads.splice(0) };
}

describe('a PREFETCH field that varies', () => {
  it('is kept warm in the variants that are named, with the list of each, and in no other', async () => {
    const { cache, clock, took, query } = warmed();
    await cache.start();
    await clock.pass(1000);
    expect(took().sort()).toEqual(['de 10', 'de 5', 'fr 10']);
    for (const locale of ['de', 'fr']) {
      const { data, outcomes } = await query('{ chart }', { locale });
      expect([data, outcomes]).toEqual([{ chart: [`best in ${locale}`] }, ['Query.chart HIT']]);
    }
    expect((await query('{ chart }', { locale: 'it' })).outcomes).toEqual(['Query.chart MISS']);
  });

  it('is warm again in all of them after a write, and after one of them was cleared', async () => {
    const { cache, clock, took, query } = warmed();
    await cache.start();
    await clock.pass(1000);
    took();
    await query('mutation { rate }');
    await clock.pass(1500);
    expect(took().sort()).toEqual(['de 10', 'de 5', 'fr 10']);
    await clock.pass(10_000);
    await cache.clearVariant({ locale: 'fr' });
    await clock.pass(1500);
    expect(took()).toEqual(['fr 10']);
  });

  it('takes its variants from a function, anew from time to time, and keeps those it had where that fails', async () => {
    let locales = ['de'];
    let fails = false;
    const { cache, clock, took, logged } = warmed({
      warm: { 'Query.chart': () => [{}] },
      warmVariants: () => {
        if (fails) throw new Error('no tenants');
        return locales.map((locale) => ({ locale }));
      },
    });
    await cache.start();
    await clock.pass(1000);
    expect(took()).toEqual(['de 10']);
    locales = ['de', 'fr'];
    await clock.pass(90_000);
    expect(new Set(took())).toEqual(new Set(['de 10', 'fr 10']));
    fails = true;
    await clock.pass(100_000);
    expect(new Set(took())).toEqual(new Set(['de 10', 'fr 10']));
    expect(logged).toContainEqual(
      expect.stringContaining('the warm list has no variants: Error: no tenants'),
    );
  });

  it('is not loaded with the context of another variant', async () => {
    const { cache, clock, took, logged } = warmed({ backgroundContext: () => ({ locale: 'en' }) });
    await cache.start();
    await clock.pass(1000);
    expect(took()).toEqual([]);
    expect(logged).toContainEqual(
      expect.stringContaining(
        'Query.chart: backgroundContext made a context of another variant than it was asked for; make it of the values that it is given',
      ),
    );
  });
});
