import { describe, expect, it } from 'vitest';
import { testCache, type TestContext } from '../../../support/test-cache.js';

/** A row as clients make it that are extended for one request: what is computed of it is known only once it is read. */
function computedRow(context: TestContext): object {
  const mine = (): string => `of ${String(context.viewer?.id)}`;
  return new Proxy<Record<string, unknown>>(
    { id: '1' },
    {
      get: (row, name) => (name === 'mine' ? mine() : Reflect.get(row, name)),
      has: (row, name) => name === 'mine' || Reflect.has(row, name),
      ownKeys: (row) => [...Reflect.ownKeys(row), 'mine'],
      getOwnPropertyDescriptor: (row, name) =>
        name === 'mine'
          ? { value: undefined, enumerable: true, configurable: true, writable: true }
          : Reflect.getOwnPropertyDescriptor(row, name),
    },
  );
}

const typeDefs = `
  type Film { id: ID! mine: String }
  type Query {
    film: Film @cached(ttl: 60)
    films: [Film] @cached(ttl: 60)
    through(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
  }
`;
describe.each(['test', 'production'] as const)('in %s a row that computes what it has', (environment) => {
  const proxied = () =>
    testCache({
      typeDefs,
      environment,
      resolvers: {
        Query: {
          film: (_parent, _args, context) => computedRow(context),
          films: (_parent, _args, context) => [computedRow(context)],
        },
      },
      origins: {
        Film: { load: (ids, context) => Promise.resolve(ids.map(() => computedRow(context))) },
      },
    });

  it.each(['film { mine }', 'films { mine }', 'through(id: 1) { mine }'])(
    'gives each viewer what is theirs: %s',
    async (field) => {
      const { query, cache, logged } = proxied();
      for (const id of ['ann', 'ben', 'ann']) {
        const { result } = await query(`{ field: ${field} }`, { viewer: { id } });
        expect(JSON.stringify(result)).toMatch(new RegExp(`"mine":"of ${id}"`));
      }
      const [name = ''] = field.split(/\W/);
      expect(cache.stats.counters()[`Query.${name}`]).toMatchObject({ stored: 0, unstorable: 3 });
      expect(logged).toEqual([expect.stringContaining(`"coordinate":"Query.${name}","reason":"a Proxy`)]);
    },
  );
});

describe('a plain copy that a load makes of such a row', () => {
  it('shows what was looked at for it', async () => {
    const load = (context: TestContext): object => ({ ...computedRow(context) });
    const { query, cache } = testCache({
      typeDefs,
      environment: 'production',
      resolvers: {
        Query: {
          film: (_parent, _args, context) => load(context),
          films: (_parent, _args, context) => [load(context)],
        },
      },
      origins: { Film: { load: (ids, context) => Promise.resolve(ids.map(() => load(context))) } },
    });
    for (const field of ['film', 'films', 'through(id: 1)']) {
      for (const id of ['ann', 'ben']) {
        const { result } = await query(`{ field: ${field} { mine } }`, { viewer: { id } });
        expect(JSON.stringify(result)).toContain(`"mine":"of ${id}"`);
      }
    }
    for (const name of ['film', 'films', 'through'])
      expect(cache.stats.counters()[`Query.${name}`]).toMatchObject({ stored: 0, viewerTouched: 2 });
  });
});
