import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../../src/cache/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { testCache } from '../../../support/test-cache.js';

interface Tenant {
  readonly tenant?: unknown;
}

const typeDefs = /* GraphQL */ `
  type Query {
    rate: String @cached(ttl: 60, vary: ["tenant"])
    forAll: String @cached(ttl: 60)
  }
`;

/** A field whose load asks `cache.fetch`, for the varied value or for none. */
function setUp(environment: 'development' | 'production', { isNamed = false } = {}) {
  let loads = 0;
  const tested = testCache({
    typeDefs,
    environment,
    vary: { tenant: ({ tenant }: Tenant) => (typeof tenant === 'string' ? tenant : undefined) },
    resolvers: {
      Query: {
        rate: (_, __, context) => {
          const vary = isNamed ? { tenant: context.tenant } : {};
          return tested.cache.fetch('Rate:EUR', { ttl: 60, vary }, async () => {
            loads += 1;
            await Promise.resolve();
            return `rate of ${String(context.tenant)}`;
          });
        },
        forAll: () =>
          tested.cache.fetch('Rate:USD', { ttl: 60 }, () => {
            loads += 1;
            return 'the same';
          }),
      },
    },
  });
  onTestFinished(() => tested.cache.close());
  const ask = async (source: string, tenant: string): Promise<unknown> =>
    (await tested.query(source, { tenant })).data;
  return { ...tested, ask, loads: () => loads };
}

describe.each(['development', 'production'] as const)(
  'what cache.fetch loads within a field that varies, in %s',
  (environment) => {
    it('is stored for no other tenant where it reads what the fetch does not name', async () => {
      const { ask, logged } = setUp(environment);
      expect(await ask('{ rate }', 'acme')).toEqual({ rate: 'rate of acme' });
      expect(await ask('{ rate }', 'other')).toEqual({ rate: 'rate of other' });
      expect(logged.join('\n')).toContain('its value was not stored');
    });

    it('is stored for no other tenant where the context is frozen', async () => {
      const resolvers = {
        Query: {
          rate: (_: unknown, __: unknown, context: Tenant) =>
            cache.fetch('Rate:EUR', { ttl: 60 }, () => context.tenant),
        },
      };
      const cache = createCache<Tenant>({
        store: memoryStore(),
        environment,
        log: cacheLog(),
        viewer: () => undefined,
        vary: { tenant: ({ tenant }) => String(tenant) },
      });
      onTestFinished(() => cache.close());
      const schema = cache.apply(
        makeExecutableSchema({
          typeDefs: [cacheTypeDefs, 'type Query { rate: String @cached(ttl: 60, vary: ["tenant"]) }'],
          resolvers,
        }),
      );
      for (const tenant of ['acme', 'other']) {
        const result = await graphql({ schema, source: '{ rate }', contextValue: Object.freeze({ tenant }) });
        expect(result).toEqual({ data: { rate: tenant } });
      }
    });

    it('is stored for each tenant where the fetch names what it reads', async () => {
      const { ask, cache, loads } = setUp(environment, { isNamed: true });
      for (const tenant of ['acme', 'other', 'acme', 'other']) {
        expect(await ask('{ rate }', tenant)).toEqual({ rate: `rate of ${tenant}` });
      }
      expect(loads()).toBe(2);
      expect(await cache.fetch('Rate:EUR', { ttl: 60, vary: { tenant: 'acme' } }, () => 'anew')).toBe(
        'rate of acme',
      );
    });

    it('is stored for all where it reads nothing that differs', async () => {
      const { ask, cache } = setUp(environment);
      expect(await ask('{ forAll }', 'acme')).toEqual({ forAll: 'the same' });
      expect(await cache.fetch('Rate:USD', { ttl: 60 }, () => 'anew')).toBe('the same');
    });
  },
);
