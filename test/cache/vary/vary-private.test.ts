import { afterEach, describe, expect, it, vi } from 'vitest';
import * as defaultKeys from '../../../src/cache/keys/default-key.js';
import { testCache, type TestContext } from '../../support/test-cache.js';

vi.mock(import('../../../src/cache/keys/default-key.js'), { spy: true });

afterEach(() => vi.mocked(defaultKeys.defaultKey).mockReset());

const typeDefs = `
  type Note { text: String! version: Int! }
  type Film { id: ID! mine: String @cached(ttl: 60, scope: PRIVATE) }
  type Query {
    films: [Film!]! @cached(ttl: 60)
    default(text: String): String @cached(ttl: 60, scope: PRIVATE)
    last(text: String): String @cached(ttl: 60, scope: PRIVATE, key: "Last:{args.text}:{viewer.id}")
    first(text: String): String @cached(ttl: 60, scope: PRIVATE, key: "First:{viewer.id}:{args.text}")
    note: Note @cached(ttl: 60, scope: PRIVATE, key: "Note:{viewer.id}")
  }
  type Mutation {
    change: Boolean @invalidates(tags: ["Last:a:{viewer.id}"])
    write(text: String!): Note @cached(ttl: 60, scope: PRIVATE, pattern: WRITE_THROUGH, key: "Note:{viewer.id}")
  }
`;

const whose = ({ viewer, tenant, locale }: TestContext): string =>
  `${viewer?.id} of ${String(tenant)} in ${String(locale)}`;

function notes(environment: 'test' | 'production' = 'test') {
  const mine = (_: unknown, _args: unknown, context: TestContext): string => whose(context);
  let version = 1;
  return testCache({
    typeDefs,
    environment,
    vary: {
      locale: ({ locale }: TestContext) => locale,
      tenant: ({ tenant }: TestContext) => tenant,
    },
    varyAll: ['tenant', 'locale'],
    varyTags: ['tenant'],
    resolvers: {
      Query: {
        films: () => [{ id: '1' }, { id: '2' }],
        default: mine,
        last: mine,
        first: mine,
        note: (_, _args, context) => ({ text: whose(context), version }),
      },
      Film: { mine },
      Mutation: {
        change: () => true,
        write: (_, { text }: { text: string }, context) => ({
          text: `${text} ${whose(context)}`,
          version: (version += 1),
        }),
      },
    },
  });
}

const ann = { viewer: { id: 'ann' }, tenant: 'acme', locale: 'de' };
const contexts: TestContext[] = [
  ann,
  { ...ann, locale: 'en' },
  { ...ann, tenant: 'other' },
  { ...ann, viewer: { id: 'bob' } },
];

describe.each(['test', 'production'] as const)(
  'a PRIVATE field where tenants have rows of their own, in %s',
  (at) => {
    it.each(['default(text: "a")', 'last(text: "a")', 'first(text: "a")'])(
      'has one entry for each viewer and variant: %s',
      async (field) => {
        const { query, cache } = notes(at);
        for (const outcome of ['MISS', 'HIT']) {
          for (const context of contexts) {
            const { data, outcomes } = await query(`{ ${field} }`, context);
            const name = field.slice(0, field.indexOf('('));
            expect([data, outcomes]).toEqual([{ [name]: whose(context) }, [`Query.${name} ${outcome}`]]);
          }
        }
        expect(Object.values(cache.stats.counters()).map(({ refused }) => refused)).not.toContain(1);
      },
    );

    it('is read ahead below a list', async () => {
      const { query } = notes(at);
      for (const context of contexts) {
        await query('{ films { mine } }', context);
        const { data, outcomes } = await query('{ films { mine } }', context);
        expect(data).toEqual({ films: [{ mine: whose(context) }, { mine: whose(context) }] });
        expect(outcomes).toEqual(['Query.films HIT', 'Film.mine HIT', 'Film.mine HIT']);
      }
    });

    it('is written through the cache, and ended by its tags, for the tenant of the writer alone', async () => {
      const { query } = notes(at);
      const read = async () => {
        const answers = [];
        for (const context of contexts)
          answers.push(await query('{ last(text: "a") note { text } }', context));
        return answers.map(({ outcomes }) => outcomes.sort().map((outcome) => outcome.split(' ')[1]));
      };
      await read();
      expect((await query('mutation { write(text: "new") { text } }', ann)).outcomes).toEqual([
        'Mutation.write WRITTEN',
      ]);
      expect((await query('{ note { text } }', ann)).data).toEqual({
        note: { text: 'new ann of acme in de' },
      });
      expect(await read()).toEqual([
        ['HIT', 'HIT'],
        ['HIT', 'MISS'],
        ['HIT', 'HIT'],
        ['HIT', 'HIT'],
      ]);
      await query('mutation { change }', ann);
      expect((await read()).map(([last]) => last)).toEqual(['MISS', 'MISS', 'HIT', 'HIT']);
    });

    it('is ended with its viewer, and with its tenant', async () => {
      const { query, cache } = notes(at);
      const read = async () => {
        const outcomes = [];
        for (const context of contexts) outcomes.push(...(await query('{ default }', context)).outcomes);
        return outcomes.map((outcome) => outcome.split(' ')[1]);
      };
      await read();
      await cache.clearViewer('bob');
      expect(await read()).toEqual(['HIT', 'HIT', 'HIT', 'MISS']);
      await cache.clearVariant({ tenant: 'acme' });
      expect(await read()).toEqual(['MISS', 'MISS', 'HIT', 'MISS']);
    });
  },
);

describe.each([
  ['has none', 'Query.default()'],
  ['has that of another', 'Query.default()@bob'],
])('a key whose viewer should stand before the tenant, and %s', (_, key) => {
  it('is refused', async () => {
    vi.mocked(defaultKeys.defaultKey).mockReturnValue(key);
    const { query, cache } = notes();
    expect((await query('{ default }', ann)).result.errors?.[0]?.message).toBe(
      'Query.default: an entry was refused, because it is PRIVATE, but its key does not hold the viewer',
    );
    expect(cache.stats.counters()['Query.default']).toMatchObject({ stored: 0, loads: 0, refused: 1 });
  });
});
