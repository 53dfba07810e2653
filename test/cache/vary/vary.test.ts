import { describe, expect, it } from 'vitest';
import type { CacheOptions } from '../../../src/cache/index.js';
import { createVariants } from '../../../src/cache/vary/vary-options.js';
import { cacheLog } from '../../support/cache-log.js';
import { testCache, type TestContext } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! title: String! label: String! @cached(ttl: 60, vary: ["locale"]) similar(first: Int): [Film!]! }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}", vary: ["tenant", "locale"])
    through(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Origin:{args.id}", vary: ["locale"])
    films: [Film!]!
    greeting(to: String): String @cached(ttl: 60, vary: ["tenant"])
    plain(to: String): String @cached(ttl: 60)
  }
  type Mutation { change(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}", "Origin:{args.id}"]) }
`;

const VARY = {
  tenant: ({ tenant }: TestContext) => tenant,
  locale: ({ locale }: TestContext) => locale,
};

function films(options: Partial<CacheOptions<TestContext>> = {}) {
  const asked: unknown[] = [];
  let version = 1;
  const film = (id: string, { tenant, locale }: TestContext) => ({
    id,
    title: `${String(tenant)} ${String(locale)} ${version}`,
  });
  const tested = testCache({
    typeDefs,
    vary: VARY,
    resolvers: {
      Query: {
        film: (_, { id }: { id: string }, context) => film(id, context),
        films: (_, _args, context) => [film('1', context), film('2', context)],
        greeting: (_, { to }: { to?: string }, { tenant }) =>
          `${typeof tenant} ${String(tenant)} to ${to ?? ''}`,
        plain: (_, { to }: { to?: string }) => to,
      },
      Film: {
        label: (parent, _args, { locale }) => `${(parent as { id: string }).id} in ${String(locale)}`,
        similar: () => [],
      },
      Mutation: {
        change: () => {
          version += 1;
          return true;
        },
      },
    },
    origins: {
      Origin: {
        load: (ids, context, variant) => {
          asked.push(variant);
          return Promise.resolve(ids.map((id) => film(id, { locale: context.locale })));
        },
      },
    },
    ...options,
  });
  return { ...tested, asked };
}

const VARY_ONLY_TENANT = { vary: { tenant: VARY.tenant } };

const FILM = '{ film(id: 1) { title } }';

describe('fields that vary', () => {
  it('have an entry for each value, which contexts with the same value share', async () => {
    const { query } = films();
    const german = { tenant: 'acme', locale: 'de' };
    const first = await query(FILM, german);
    const others = [
      await query(FILM, { ...german, locale: 'fr' }),
      await query(FILM, { ...german, tenant: 'other' }),
      await query(FILM, german),
    ];
    expect(first.data).toEqual({ film: { title: 'acme de 1' } });
    expect(others.map(({ data, outcomes }) => [data, outcomes])).toEqual([
      [{ film: { title: 'acme fr 1' } }, ['Query.film MISS']],
      [{ film: { title: 'other de 1' } }, ['Query.film MISS']],
      [{ film: { title: 'acme de 1' } }, ['Query.film HIT']],
    ]);
  });

  it('are reached in all variants by one write that names the row', async () => {
    const { query } = films();
    for (const locale of ['de', 'fr'])
      await query('{ film(id: 1) { title } through(id: 1) { title } }', { locale });
    await query('mutation { change(id: 1) }', { locale: 'de' });
    const after = await Promise.all(
      ['de', 'fr'].map((locale) => query('{ film(id: 1) { title } through(id: 1) { title } }', { locale })),
    );
    expect(after.flatMap(({ outcomes }) => outcomes)).toEqual(
      [0, 1].flatMap(() => ['Query.film MISS', 'Query.through MISS']),
    );
    expect(after.map(({ data }) => data)).toEqual(
      ['de', 'fr'].map((locale) => ({
        film: { title: `undefined ${locale} 2` },
        through: { title: `undefined ${locale} 2` },
      })),
    );
  });

  it('tell every value apart, and the absence of one too', async () => {
    const { query } = films();
    const values = [
      '1',
      1,
      'true',
      true,
      'null',
      null,
      undefined,
      'undefined',
      '',
      '~1',
      '~absent',
      false,
      'a|b',
      'a:b',
    ];
    const seen = new Set<unknown>();
    for (const tenant of values) {
      const { data, outcomes } = await query('{ greeting(to: "x") }', { tenant });
      expect(outcomes).toEqual(['Query.greeting MISS']);
      seen.add(JSON.stringify(data));
    }
    for (const tenant of values) {
      const { data, outcomes } = await query('{ greeting(to: "x") }', { tenant });
      expect(outcomes).toEqual(['Query.greeting HIT']);
      expect(data).toEqual({ greeting: `${typeof tenant} ${String(tenant)} to x` });
    }
    expect(seen.size).toBe(values.length);
  });

  it('cannot be forged by arguments that look like a variant, nor by long ones', async () => {
    const { query } = films();
    const source = 'query ($to: String) { greeting(to: $to) }';
    for (const to of ['x', 'x")|tenant=b', 'x'.repeat(500), `${'x'.repeat(500)}|tenant=b`]) {
      for (const tenant of ['a', 'b', 'b")|tenant=b']) {
        const text = source.replace('($to: String)', '').replace('$to', JSON.stringify(to));
        expect((await query(text, { tenant })).data).toEqual({ greeting: `string ${tenant} to ${to}` });
      }
    }
  });

  it('are read ahead for the children of a list in their variant', async () => {
    const { query } = films();
    const labels = async (locale: string) => query('{ films { label } }', { locale });
    await labels('de');
    const [german, french] = [await labels('de'), await labels('fr')];
    expect(german.data).toEqual({ films: [{ label: '1 in de' }, { label: '2 in de' }] });
    expect(french.data).toEqual({ films: [{ label: '1 in fr' }, { label: '2 in fr' }] });
    expect(german.outcomes).toEqual(['Film.label HIT', 'Film.label HIT']);
    expect(french.outcomes).toEqual(['Film.label MISS', 'Film.label MISS']);
  });

  it('hand the variant to the origin of READ_THROUGH', async () => {
    const { query, asked } = films();
    await query('{ a: through(id: 1) { title } b: through(id: 2) { title } }', { locale: 'de' });
    expect(asked).toEqual([{ locale: 'de' }]);
  });

  it('show the value in evidence as a hash, which is equal for equal values', async () => {
    const { query } = films();
    const keyOf = async (tenant: string) =>
      (await query(FILM, { tenant, locale: 'de' })).evidence.fields[0]?.key;
    const [first, again, other] = [await keyOf('acme'), await keyOf('acme'), await keyOf('other')];
    expect(first).toMatch(/^Film:1\|tenant=#[0-9a-f]{6}\|locale=#[0-9a-f]{6}$/);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('ask each function once for the keys of a context, however many fields there are', async () => {
    let calls = 0;
    const { query } = films({
      vary: {
        tenant: ({ tenant }) => {
          calls += 1;
          return tenant;
        },
        locale: () => 'de',
      },
    });
    await query('{ a: film(id: 1) { title } b: film(id: 2) { title } greeting films { label } }', {
      tenant: 'acme',
    });
    // The guard asks once more, before the first load, to see what they read.
    expect(calls).toBe(2);
  });

  it('load once for all who want the same variant at the same time, and for nobody else', async () => {
    const { query, cache } = films();
    const contexts = ['de', 'de', 'fr', 'de'].map((locale) => ({ locale }));
    const answers = await Promise.all(contexts.map((context) => query(FILM, context)));
    expect(answers.map(({ data }) => data)).toEqual(
      contexts.map(({ locale }) => ({ film: { title: `undefined ${locale} 1` } })),
    );
    expect(cache.stats.counters()['Query.film']?.loads).toBe(2);
  });

  it('serve copies of this process in their variant, until a write', async () => {
    const { query } = films();
    const { query: local } = testCache({
      typeDefs:
        'type Query { word: String @cached(ttl: 60, local: 60, key: "Word", vary: ["locale"]) } type Mutation { change: Boolean @invalidates(tags: ["Word"]) }',
      vary: { locale: ({ locale }) => locale },
      resolvers: {
        Query: { word: (_, _args, { locale }) => String(locale) },
        Mutation: { change: () => true },
      },
    });
    for (const locale of ['de', 'fr', 'de', 'fr']) await local('{ word }', { locale });
    const hits = [await local('{ word }', { locale: 'de' }), await local('{ word }', { locale: 'fr' })];
    expect(hits.map(({ data, evidence }) => [data, evidence.fields[0]?.tier])).toEqual([
      [{ word: 'de' }, 'local'],
      [{ word: 'fr' }, 'local'],
    ]);
    await local('mutation { change }');
    expect((await local('{ word }', { locale: 'fr' })).outcomes).toEqual(['Query.word MISS']);
    await query(FILM);
  });
});

describe('the functions of vary', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
      'createCache: vary.tenant(context) threw Error: no; return undefined where there is none',
    ],
    [
      'returns a promise',
      () => Promise.resolve('acme'),
      'createCache: vary.tenant(context) returned a promise; find the value while the context is made, and return it here',
    ],
    [
      'returns an object',
      () => ({}),
      'createCache: vary.tenant(context) returned an object; return a text, a number, true, false or null, or undefined for none',
    ],
    [
      'returns a list',
      () => [],
      'createCache: vary.tenant(context) returned a list; return a text, a number, true, false or null, or undefined for none',
    ],
    [
      'returns NaN',
      () => NaN,
      'createCache: vary.tenant(context) returned NaN; return a text, a number, true, false or null, or undefined for none',
    ],
    [
      'returns a long text',
      () => 'x'.repeat(257),
      'createCache: vary.tenant(context) returned 257 characters; return at most 256',
    ],
  ])(
    'that one which %s is told to the reader of the field, and nothing is stored',
    async (_what, tenant, message) => {
      const { query, cache } = films({ vary: { tenant: tenant as () => string, locale: () => 'de' } });
      const { result } = await query('{ greeting }');
      expect(result.errors?.map((error) => [error.message, error.path])).toEqual([[message, ['greeting']]]);
      expect(cache.stats.counters()['Query.greeting']?.stored).toBe(0);
    },
  );

  it('are told of where one has ten thousand values: once, with the field', () => {
    const log = cacheLog();
    const variantOf = createVariants(VARY_ONLY_TENANT, log).of(['tenant'], 'Query.greeting');
    for (let tenant = 0; tenant < 9_999; tenant += 1) variantOf({ tenant });
    expect(log.lines).toEqual([]);
    for (let tenant = 9_999; tenant < 20_100; tenant += 1) variantOf({ tenant });
    expect(log.lines).toEqual([
      expect.stringContaining(
        'Query.greeting varies by tenant, which has had 10000 values in this process; where each viewer has one of its own, ' +
          'use scope: PRIVATE instead',
      ),
    ]);
  });
});
