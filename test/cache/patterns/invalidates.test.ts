import { GraphQLError } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { StoreAway } from '../../../src/cache/store/store-away.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! title: String }
  type Saved { film: Film }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    films(ids: [ID!]!): [Film] @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.ids}")
    mine: Int @cached(ttl: 60, scope: PRIVATE, tags: ["Mine:{viewer.id}"])
  }
  type Mutation {
    byArgument(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}"])
    byList(ids: [ID!]!): Boolean @invalidates(tags: ["Film:{args.ids}"])
    byResult: Saved @invalidates(tags: ["Film:{result.film.id}"])
    byViewer: Boolean @invalidates(tags: ["Mine:{viewer.id}"])
    twice(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}"]) @invalidates(tags: ["Film:2"])
    refused(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}"])
    broken(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}"])
  }
`;

function filmCache(store?: Store) {
  const loads: string[] = [];
  let saved: unknown = { film: { id: 1 } };
  let count = 0;
  const tested = testCache({
    typeDefs,
    ...(store === undefined ? {} : { store }),
    resolvers: {
      Query: { mine: () => (count += 1) },
      Mutation: {
        byArgument: () => true,
        byList: () => true,
        byResult: () => saved,
        byViewer: () => true,
        twice: () => true,
        refused: () => {
          throw new GraphQLError('You may not do this.', { extensions: { code: 'FORBIDDEN' } });
        },
        broken: () => Promise.reject(new Error('connection lost during COMMIT')),
      },
    },
    origins: {
      Film: {
        load: (ids) => {
          loads.push(ids.join(','));
          return Promise.resolve(ids.map((id) => ({ id, title: `film ${id}` })));
        },
      },
    },
  });
  /** The ids that are loaded again after a mutation, of 1, 2 and 3. */
  const lostBy = async (mutation: string, viewer = 'ann'): Promise<string | undefined> => {
    const context = { viewer: { id: viewer } };
    await tested.query('{ films(ids: [1, 2, 3]) { id } }', context);
    loads.length = 0;
    await tested.query(`mutation { ${mutation} }`, context);
    await tested.query('{ films(ids: [1, 2, 3]) { id } }', context);
    return loads[0];
  };
  return { ...tested, lostBy, setSaved: (value: unknown) => (saved = value) };
}

describe('@invalidates', () => {
  it('invalidates the tag that an argument names, and no other', async () => {
    expect(await filmCache().lostBy('byArgument(id: 2)')).toBe('2');
  });

  it('invalidates one tag per element of a list', async () => {
    expect(await filmCache().lostBy('byList(ids: [1, 3])')).toBe('1,3');
  });

  it('invalidates the tag that the result names', async () => {
    expect(await filmCache().lostBy('byResult { film { id } }')).toBe('1');
  });

  it('may stand more than once', async () => {
    expect(await filmCache().lostBy('twice(id: 1)')).toBe('1,2');
  });

  it('leaves tags of a null result alone', async () => {
    const { lostBy, setSaved } = filmCache();
    setSaved(null);
    expect(await lostBy('byResult { film { id } }')).toBeUndefined();
  });

  it('says aloud when the result lacks what a tag is named by', async () => {
    const { lostBy, setSaved, logged, clock } = filmCache();
    setSaved({ film: {} });
    await lostBy('byResult { film { title } }');
    expect(logged).toEqual([
      'error a tag could not be named from the result, so it was not invalidated ' +
        '{"coordinate":"Mutation.byResult","tag":"Film:{result.film.id}","times":1}',
    ]);
    for (let times = 0; times < 50; times += 1) await lostBy('byResult { film { title } }');
    expect(logged).toHaveLength(1);
    clock.advance(1000);
    await lostBy('byResult { film { title } }');
    expect(logged).toHaveLength(2);
    expect(logged[1]).toContain('"times":51');
  });

  it('invalidates what a viewer sees for that viewer only', async () => {
    const { query } = filmCache();
    const [ann, ben] = [{ viewer: { id: 'ann' } }, { viewer: { id: 'ben' } }];
    await query('{ mine }', ann);
    await query('{ mine }', ben);
    await query('mutation { byViewer }', ann);
    expect((await query('{ mine }', ann)).data).toEqual({ mine: 3 });
    expect((await query('{ mine }', ben)).data).toEqual({ mine: 2 });
  });

  it('invalidates nothing when the resolver refuses with an error made for the client', async () => {
    expect(await filmCache().lostBy('refused(id: 1)')).toBeUndefined();
  });

  it('invalidates after any other error, since the write may have happened', async () => {
    expect(await filmCache().lostBy('broken(id: 1)')).toBe('1');
  });

  it('is applied before the selection of the mutation itself is read, and shown in the evidence', async () => {
    const { query } = filmCache();
    await query('{ film(id: 1) { title } }');
    const answer = await query('mutation { byArgument(id: 1) }');
    expect(answer.evidence.fields).toMatchObject([
      { outcome: 'INVALIDATED', key: 'Film:1', path: ['byArgument'] },
    ]);
  });

  it('retries a store that fails, and answers only then', async () => {
    const inner = memoryStore();
    let failures = 2;
    const { lostBy, cache } = filmCache({
      ...inner,
      invalidate: (tags) => {
        if ((failures -= 1) >= 0) throw new Error('store away');
        return inner.invalidate(tags);
      },
    });
    expect(await lostBy('byArgument(id: 1)')).toBe('1');
    expect(cache.stats.counters()['Mutation.byArgument']).toMatchObject({
      invalidations: 1,
      failedInvalidations: 0,
    });
  });

  it('does not ask a store again that says it is away', async () => {
    let asked = 0;
    const { query } = filmCache({
      ...memoryStore(),
      invalidate: () => {
        asked += 1;
        return Promise.reject(asked === 1 ? new Error('no answer') : new StoreAway('the store is away'));
      },
    });
    await query('mutation { byArgument(id: 1) }');
    expect(asked).toBe(2);
    await query('mutation { byArgument(id: 1) }');
    expect(asked).toBe(3);
  });

  it('counts and logs an invalidation that could not be applied, and the mutation is answered', async () => {
    const { query, cache, logged } = filmCache({
      ...memoryStore(),
      invalidate: () => Promise.reject(new Error('store away')),
    });
    expect((await query('mutation { byArgument(id: 1) }')).data).toEqual({ byArgument: true });
    expect(cache.stats.counters()['Mutation.byArgument']).toMatchObject({ failedInvalidations: 1 });
    expect(logged.at(-1)).toContain('an invalidation could not be applied');
    await expect(cache.invalidate(['Film:1'])).rejects.toMatchObject({ code: 'CACHE_INVALIDATION_FAILED' });
  });

  it('logs many of them in an outage as few lines, which say how many there were', async () => {
    const { query, cache, logged } = filmCache({
      ...memoryStore(),
      invalidate: () => Promise.reject(new StoreAway('the store is away')),
    });
    for (let times = 0; times < 200; times += 1) await query('mutation { byArgument(id: 1) }');
    expect(cache.stats.counters()['Mutation.byArgument']).toMatchObject({ failedInvalidations: 200 });
    const lines = logged.filter((line) => line.includes('an invalidation could not be applied'));
    expect(lines.length).toBeLessThan(20);
  });
});

describe('a store that fails', () => {
  const broken = (): never => {
    throw new Error('store away');
  };
  const rejecting = (): Promise<never> => Promise.reject(new Error('store away'));

  it.each([
    ['throws', broken],
    ['rejects', rejecting],
  ])('never fails a query when it %s', async (_how, fail) => {
    const { query } = filmCache({ ...memoryStore(), read: fail, acquire: fail, fill: fail });
    for (let times = 0; times < 2; times += 1) {
      const { data, result } = await query('{ film(id: 1) { title } films(ids: [1, 2]) { id } }');
      expect(result.errors).toBeUndefined();
      expect(data).toEqual({ film: { title: 'film 1' }, films: [{ id: '1' }, { id: '2' }] });
    }
  });

  it('still loads once per key for all who ask at the same time', async () => {
    const store = { ...memoryStore(), read: rejecting, acquire: rejecting, fill: rejecting };
    const { query, cache } = filmCache(store);
    await Promise.all(Array.from({ length: 20 }, () => query('{ film(id: 1) { title } }')));
    expect(cache.stats.counters()['Query.film']).toMatchObject({ loads: 1, joined: 19 });
  });
});

describe('a result that holds promises where its tags are named', () => {
  async function saved(make: () => unknown, field = 'save { film { title } count }') {
    let title = 'old';
    const write = () => {
      title = 'new';
      return make();
    };
    const { query, logged } = testCache({
      typeDefs: `
        type Film { id: ID! title: String }
        type Saved { film: Film count: Int ids: [ID] nested: [[ID]] }
        type Query { film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}") }
        type Mutation {
          save: Saved @invalidates(tags: ["Film:{result.film.id}"])
          saveAll: Saved @invalidates(tags: ["Film:{result.ids}"])
          saveNested: Saved @invalidates(tags: ["Film:{result.nested}"])
        }
      `,
      resolvers: {
        Query: { film: () => title },
        Mutation: { save: write, saveAll: write, saveNested: write },
      },
    });
    await query('{ film(id: 1) }');
    const { result } = await query(`mutation { ${field} }`);
    const errors = result.errors?.map(({ message }) => message) ?? [];
    return { read: (await query('{ film(id: 1) }')).data, errors, logged };
  }

  it.each<[string, () => unknown]>([
    ['of an object', () => ({ film: Promise.resolve({ id: '1' }) })],
    ['of what names it', () => ({ film: { id: Promise.resolve('1') } })],
    ['one in the other', () => ({ film: Promise.resolve({ id: Promise.resolve(1) }), count: 1 })],
  ])('ends what they bring: %s', async (_, make) => {
    expect(await saved(make)).toEqual({ read: { film: 'new' }, errors: [], logged: [] });
  });

  it.each<[string, () => unknown, string[]]>([
    ['that fails', () => ({ film: Promise.reject(new Error('no film')) }), ['no film']],
    ['that brings nothing', () => ({ film: Promise.resolve(null) }), []],
  ])('says which tag it could not name, where there is one %s', async (_, make, errors) => {
    expect(await saved(make)).toEqual({
      read: { film: 'old' },
      errors,
      logged: [expect.stringContaining('a tag could not be named from the result')],
    });
  });

  it.each<[string, () => unknown]>([
    ['all of them', () => ({ ids: [Promise.resolve('2'), Promise.resolve('1')] })],
    ['some of them', () => ({ ids: ['2', Promise.resolve('1')] })],
    ['the list', () => ({ ids: Promise.resolve(['1', Promise.resolve('2')]) })],
  ])('ends what the elements of a list bring, where promises are %s', async (_, make) => {
    expect(await saved(make, 'saveAll { ids }')).toEqual({ read: { film: 'new' }, errors: [], logged: [] });
  });

  it('ends what lists in a list bring', async () => {
    const make = () => ({ nested: [[Promise.resolve('2')], Promise.resolve([Promise.resolve('1')])] });
    expect(await saved(make, 'saveNested { nested }')).toEqual({
      read: { film: 'new' },
      errors: [],
      logged: [],
    });
  });

  it('leaves out an element that fails, alone', async () => {
    const make = () => ({ ids: [Promise.reject(new Error('no film')), Promise.resolve('1')] });
    expect(await saved(make, 'saveAll { ids }')).toEqual({
      read: { film: 'new' },
      errors: ['no film'],
      logged: [expect.stringContaining('a tag could not be named from the result')],
    });
  });

  it('begins nothing that begins when it is waited for', async () => {
    let begun = 0;
    const film = {
      then: (bring: (film: unknown) => void) => {
        begun += 1;
        bring({ id: '1' });
      },
    };
    await saved(() => ({ film }));
    expect(begun).toBe(1);
  });
});

describe('a promise that never ends, where a tag is named by it and no client asks for it', () => {
  async function hanging(make: () => unknown, directives: string) {
    let title = 'old';
    const { query, clock, logged } = testCache({
      typeDefs: `
        type Film { id: ID! title: String version: Int }
        type Saved { film: Film films: [ID] title: String count: Int version: Int }
        type Query {
          film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}")
          other(id: ID!): String @cached(ttl: 60, key: "Other:{args.id}")
          row(id: ID!): Saved @cached(ttl: 60, key: "Saved:{args.id}")
        }
        type Mutation { save(id: ID!): Saved ${directives} }
      `,
      resolvers: {
        Query: { film: () => title, other: () => title, row: () => ({ title, version: 1 }) },
        Mutation: {
          save: () => {
            title = 'new';
            return make();
          },
        },
      },
    });
    const read = async (id: number) => (await query(`{ film(id: ${id}) }`)).data;
    const other = async () => (await query('{ other(id: 1) }')).data;
    const row = async () => (await query('{ row(id: 1) { title } }')).data;
    await Promise.all([read(1), read(2), other(), row()]);
    const answer = query('mutation { save(id: 1) { count } }');
    return { read, other, row, answer, clock, logged };
  }

  const never = new Promise<never>(() => undefined);
  const UNNAMED = expect.stringContaining('a tag could not be named from the result');
  const BOTH = '@invalidates(tags: ["Film:{args.id}", "Film:{result.film.id}"])';
  const KEYED =
    '@cached(ttl: 60, pattern: WRITE_THROUGH, key: "Saved:{args.id}") @invalidates(tags: ["Film:{result.film.id}"])';

  it('ends at once what needs no waiting, and answers in the end', async () => {
    const { read, answer, clock, logged } = await hanging(() => ({ film: never, count: 1 }), BOTH);
    await vi.waitFor(async () => expect(await read(1)).toEqual({ film: 'new' }));
    expect(logged).toEqual([]);
    clock.advance(3000);
    expect((await answer).data).toEqual({ save: { count: 1 } });
    expect(logged).toEqual([UNNAMED]);
  });

  it('ends at once the row of a write that stores it', async () => {
    const make = () => ({ film: never, title: 'new', count: 1, version: 2 });
    const { row, answer, clock } = await hanging(make, KEYED);
    await vi.waitFor(async () => expect(await row()).toEqual({ row: { title: 'new' } }));
    clock.advance(3000);
    expect((await answer).data).toEqual({ save: { count: 1 } });
    expect(await row()).toEqual({ row: { title: 'new' } });
  });

  it('names what is there of a list', async () => {
    const make = () => ({ films: [never, Promise.resolve('2')], count: 1 });
    const { read, other, answer, clock, logged } = await hanging(
      make,
      '@invalidates(tags: ["Other:{args.id}", "Film:{result.films}"])',
    );
    await vi.waitFor(async () => expect(await other()).toEqual({ other: 'new' }));
    clock.advance(3000);
    expect((await answer).data).toEqual({ save: { count: 1 } });
    expect([await read(1), await read(2)]).toEqual([{ film: 'old' }, { film: 'new' }]);
    expect(logged).toEqual([UNNAMED]);
  });
});
