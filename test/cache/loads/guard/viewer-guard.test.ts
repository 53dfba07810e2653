import { afterEach, describe, expect, it } from 'vitest';
import { createGate } from '../../../support/gate.js';
import { testCache, type TestContext } from '../../../support/test-cache.js';
import type { CacheOptions } from '../../../../src/cache/index.js';

const typeDefs = `
  type Film { id: ID! owner: String }
  type Query {
    leak: String @cached(ttl: 60)
    spread: String @cached(ttl: 60)
    maybe(look: Boolean!): String @cached(ttl: 60)
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    mine: String @cached(ttl: 60, scope: PRIVATE)
    named: String @cached(ttl: 60, scope: PRIVATE, key: "Named:{viewer.id}")
  }
`;

let gate: ReturnType<typeof createGate> | undefined;
afterEach(() => (gate = undefined));

function leakyCache(options: Partial<CacheOptions<TestContext>> = {}) {
  const viewerOf = async (context: TestContext): Promise<string> => {
    const id = context.viewer?.id ?? 'nobody';
    await gate?.wait();
    return id;
  };
  let privateLoads = 0;
  const mine = (_: unknown, __: unknown, context: TestContext): string => {
    privateLoads += 1;
    return `for ${context.viewer?.id ?? 'nobody'}`;
  };
  const tested = testCache({
    typeDefs,
    resolvers: {
      Query: {
        leak: (_, __, context) => viewerOf(context),
        spread: (_, __, context) => viewerOf({ ...context }),
        maybe: (_, { look }: { look: boolean }, context) => (look ? viewerOf(context) : 'for all'),
        mine,
        named: mine,
      },
    },
    origins: {
      Film: {
        load: async (ids, context) => {
          const owner = await viewerOf(context);
          return ids.map((id) => ({ id, owner }));
        },
      },
    },
    ...options,
  });
  return { ...tested, privateLoads: () => privateLoads };
}

const ann = { viewer: { id: 'ann' } };
const ben = { viewer: { id: 'ben' } };

describe('a PUBLIC load that touches the viewer', () => {
  const message = (coordinate: string, property = 'viewer'): string =>
    `${coordinate} is cached for everybody (scope: PUBLIC), but its load read context.${property}; ` +
    'give the field scope: PRIVATE, or do not look at the viewer';

  it.each([
    ['leak', '{ leak }'],
    ['spread', '{ spread }'],
    ['maybe', '{ maybe(look: true) }'],
    ['film', '{ film(id: 1) { owner } }'],
  ])('throws in test and names Query.%s', async (field, source) => {
    const { query } = leakyCache();
    expect((await query(source, ann)).result.errors?.[0]?.message).toBe(message(`Query.${field}`));
  });

  it('is found by the property that the viewer function reads, whatever its name', async () => {
    const tested = testCache({
      typeDefs: 'type Query { leak: String @cached(ttl: 60) }',
      resolvers: { Query: { leak: (_, __, context) => context.whoIsThere } },
      viewer: (context) => context.whoIsThere,
    });
    const context = { whoIsThere: 'ann' };
    expect((await tested.query('{ leak }', context)).result.errors?.[0]?.message).toBe(
      message('Query.leak', 'whoIsThere'),
    );
  });

  it('is answered in production, stored for nobody, counted and logged', async () => {
    const { query, cache, logged, clock } = leakyCache({ environment: 'production' });
    expect((await query('{ leak }', ann)).data).toEqual({ leak: 'ann' });
    expect((await query('{ leak }', ben)).data).toEqual({ leak: 'ben' });
    expect(cache.stats.counters()['Query.leak']).toMatchObject({ viewerTouched: 2, stored: 0, hits: 0 });
    expect(logged[0]).toBe(
      'error a PUBLIC load touched the viewer; its value was not stored {"coordinate":"Query.leak","times":1}',
    );
    for (let times = 0; times < 50; times += 1) await query('{ leak }', ann);
    expect(logged).toHaveLength(1);
    clock.advance(1000);
    await query('{ leak }', ann);
    expect(logged).toHaveLength(2);
    expect(logged[1]).toContain('"times":52');
  });

  it.each([
    ['leak', '{ leak }', { leak: 'ben' }],
    ['film', '{ film(id: 1) { owner } }', { film: { owner: 'ben' } }],
  ])('in production never answers a viewer who joined it: Query.%s', async (_field, source, answer) => {
    const { query } = leakyCache({ environment: 'production' });
    gate = createGate();
    const leader = query(source, ann);
    await gate.arrived();
    const joiner = query(source, ben);
    gate.open();
    expect((await leader).data).not.toEqual(answer);
    expect((await joiner).data).toEqual(answer);
  });

  it('does not keep other calls of the field from being stored', async () => {
    const { query } = leakyCache({ environment: 'production' });
    await query('{ maybe(look: false) }', ann);
    expect((await query('{ maybe(look: false) }', ben)).outcomes).toEqual(['Query.maybe HIT']);
  });
});

describe('a PRIVATE field', () => {
  it.each(['mine', 'named'])('has one entry per viewer: %s', async (field) => {
    const { query } = leakyCache();
    expect((await query(`{ ${field} }`, ann)).data).toEqual({ [field]: 'for ann' });
    expect((await query(`{ ${field} }`, ben)).data).toEqual({ [field]: 'for ben' });
    const again = await query(`{ ${field} }`, ann);
    expect(again.data).toEqual({ [field]: 'for ann' });
    expect(again.outcomes).toEqual([`Query.${field} HIT`]);
  });

  it.each(['', Number.NaN, null, undefined])(
    'takes %o for no viewer, so that guests never share an entry',
    async (id) => {
      const { query, privateLoads } = leakyCache({ viewer: () => id });
      for (let times = 0; times < 2; times += 1) {
        expect((await query('{ mine }')).evidence.fields).toMatchObject([
          { outcome: 'BYPASS', reason: 'no viewer' },
        ]);
      }
      expect(privateLoads()).toBe(2);
    },
  );

  it.each(['mine', 'named'])('without a viewer is resolved and never stored: %s', async (field) => {
    const { query, privateLoads } = leakyCache();
    for (let times = 0; times < 2; times += 1) {
      const { data, evidence } = await query(`{ ${field} }`);
      expect(data).toEqual({ [field]: 'for nobody' });
      expect(evidence.fields).toMatchObject([{ outcome: 'BYPASS', reason: 'no viewer' }]);
    }
    expect(privateLoads()).toBe(2);
  });
});

describe('a PUBLIC load that touches the viewer and fails', () => {
  it.each([
    ['leak', '{ leak }'],
    ['film', '{ film(id: 1) { owner } }'],
    ['a film of several', '{ film(id: 2) { owner } }'],
  ])('in production never tells its error to a viewer who joined it: %s', async (_name, source) => {
    const opened = createGate();
    const fail = async (context: TestContext): Promise<never> => {
      const id = context.viewer?.id ?? 'nobody';
      await opened.wait();
      throw new Error(`forbidden for ${id}`);
    };
    const { query } = testCache({
      typeDefs,
      environment: 'production',
      resolvers: {
        Query: {
          leak: (_, __, c) => fail(c),
          spread: () => '',
          maybe: () => '',
          mine: () => '',
          named: () => '',
        },
      },
      origins: {
        Film: {
          load: (ids, context) =>
            ids[0] === '1'
              ? fail(context)
              : fail(context).catch((error: unknown) =>
                  ids.map(() => (error instanceof Error ? error : null)),
                ),
        },
      },
    });
    const messageOf = async (asked: ReturnType<typeof query>) => (await asked).result.errors?.[0]?.message;
    const [leader, joiner] = [query(source, ann), query(source, ben)];
    await opened.arrived();
    opened.open();
    expect(await messageOf(leader)).toBe('forbidden for ann');
    expect(await messageOf(joiner)).toBe('forbidden for ben');
  });
});
