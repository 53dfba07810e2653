import { makeExecutableSchema } from '@graphql-tools/schema';
import DataLoader from 'dataloader';
import { graphql } from 'graphql';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../../src/cache/index.js';
import * as freshLoaders from '../../../../src/cache/loads/guard/fresh-loaders.js';

vi.mock(import('../../../../src/cache/loads/guard/fresh-loaders.js'), { spy: true });
afterEach(() => {
  vi.mocked(freshLoaders.emptyLoaders).mockReset();
  vi.mocked(freshLoaders.emptyFound).mockReset();
});

interface Row {
  readonly id: string;
  readonly version: number;
}

interface Context {
  readonly viewer: { readonly id: string };
  readonly loaders: { readonly row: DataLoader<string, Row> };
}

const typeDefs = /* GraphQL */ `
  type Row {
    id: ID!
    version: Int!
  }
  type Query {
    memoised(id: ID!): Row
    aside(id: ID!): Row @cached(ttl: 60, key: "Aside:{args.id}", tags: ["Row:{args.id}"])
    through(id: ID!): Row @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
    mine(id: ID!): Row
      @cached(ttl: 60, scope: PRIVATE, key: "Mine:{viewer.id}:{args.id}", tags: ["Row:{args.id}"])
  }
`;

function rows(options: { freeze?: boolean } = {}) {
  const versions = new Map<string, number>();
  const batches: string[][] = [];
  const newLoaders = (): Context['loaders'] => {
    const row = new DataLoader<string, Row>((ids) => {
      batches.push([...ids]);
      return Promise.resolve(ids.map((id) => ({ id, version: versions.get(id) ?? 1 })));
    });
    return options.freeze === true ? Object.freeze({ row }) : { row };
  };
  const load = (_: unknown, { id }: { id: string }, { loaders }: Context) => loaders.row.load(id);
  const cache = createCache<Context>({
    store: memoryStore(),
    environment: 'test',
    viewer: ({ viewer }) => viewer.id,
    origins: { Row: { load: (ids, { loaders }) => loaders.row.loadMany([...ids]) } },
  });
  const schema = cache.apply(
    makeExecutableSchema<Context>({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: { Query: { memoised: load, aside: load, mine: load } },
    }),
  );
  const newContext = (): Context => {
    const context = { viewer: { id: 'ann' }, loaders: newLoaders() };
    return options.freeze === true ? Object.freeze(context) : context;
  };
  const versionsOf = async (source: string, contextValue: Context): Promise<unknown> => {
    const { data, errors } = await graphql({ schema, source, contextValue });
    expect(errors).toBeUndefined();
    return JSON.parse(JSON.stringify(data)) as unknown;
  };
  /** What is read of the row after a request that had memoised it before a write caches the same row. */
  const afterALateLoad = async (field: string): Promise<unknown> => {
    const early = newContext();
    await versionsOf('{ memoised(id: 1) { version } }', early);
    versions.set('1', 2);
    await cache.invalidate(['Row:1']);
    await versionsOf(`{ ${field}(id: 1) { version } }`, early);
    return versionsOf(`{ ${field}(id: 1) { version } }`, newContext());
  };
  return { versionsOf, newContext, batches, afterALateLoad };
}

describe('a DataLoader that memoised a row before the generations were read', () => {
  it.each(['aside', 'through', 'mine'])('loads it anew for %s: nothing older is stored', async (field) => {
    expect(await rows().afterALateLoad(field)).toEqual({ [field]: { version: 2 } });
  });

  it('is found in frozen contexts as well', async () => {
    expect(await rows({ freeze: true }).afterALateLoad('aside')).toEqual({ aside: { version: 2 } });
  });

  it.each(['aside', 'through', 'mine'])('would have its row stored by %s if it were not', async (field) => {
    vi.mocked(freshLoaders.emptyLoaders).mockImplementation(() => undefined);
    vi.mocked(freshLoaders.emptyFound).mockImplementation(() => undefined);
    expect(await rows().afterALateLoad(field)).toEqual({ [field]: { version: 1 } });
  });
});

describe('DataLoaders of a load', () => {
  it('still join the loads of one tick', async () => {
    const { versionsOf, newContext, batches } = rows();
    await versionsOf('{ a: aside(id: 1) { version } b: aside(id: 2) { version } }', newContext());
    expect(batches).toEqual([['1', '2']]);
  });

  it('memoise within one load, and are emptied once for it', async () => {
    const calls: string[] = [];
    const loader = new DataLoader<string, string>((ids) => {
      calls.push(...ids);
      return Promise.resolve(ids.map((id) => id.toUpperCase()));
    });
    const context = { loaders: { named: loader }, loader };
    await loader.load('a');
    const emptied: freshLoaders.Emptied = { sharedBy: 'PUBLIC', loaders: new Map() };
    freshLoaders.emptyLoaders(context, emptied);
    expect(await loader.load('a')).toBe('A');
    freshLoaders.emptyFound(context.loaders, emptied);
    expect(await loader.loadMany(['a', 'b'])).toEqual(['A', 'B']);
    expect(calls).toEqual(['a', 'a', 'b']);
  });
});

describe('a DataLoader behind a getter, in a class, in a Map', () => {
  interface Loaders {
    readonly row: DataLoader<string, Row>;
  }
  const setUp = (makeContext: (loaders: Loaders) => object, loadersOf: (context: object) => Loaders) => {
    let version = 1;
    const cache = createCache({ store: memoryStore(), environment: 'test', viewer: () => 'ann' });
    const load = (_: unknown, { id }: { id: string }, context: object) => loadersOf(context).row.load(id);
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [cacheTypeDefs, typeDefs.replace(/ through.*/, '')],
        resolvers: { Query: { memoised: load, aside: load, mine: load } },
      }),
    );
    const newContext = (): object =>
      makeContext({
        row: new DataLoader((ids) => Promise.resolve(ids.map((id) => ({ id, version })))),
      });
    const read = async (source: string, contextValue: object): Promise<unknown> => {
      const { data, errors } = await graphql({ schema, source, contextValue });
      expect(errors).toBeUndefined();
      return JSON.parse(JSON.stringify(data)) as unknown;
    };
    return async (field: string): Promise<unknown> => {
      const early = newContext();
      await read('{ memoised(id: 1) { version } }', early);
      version = 2;
      await cache.invalidate(['Row:1']);
      await read(`{ ${field}(id: 1) { version } }`, early);
      return read(`{ ${field}(id: 1) { version } }`, newContext());
    };
  };

  class Holder {
    readonly #loaders: Loaders;
    constructor(loaders: Loaders) {
      this.#loaders = loaders;
    }
    get loaders(): Loaders {
      return this.#loaders;
    }
  }
  const inContext = (context: object): Loaders => Reflect.get(context, 'loaders') as Loaders;

  it.each<[string, (loaders: Loaders) => object, (context: object) => Loaders]>([
    ['a getter of a class', (loaders) => new Holder(loaders), inContext],
    [
      'a getter of its own',
      (loaders) => Object.defineProperty({}, 'loaders', { get: () => loaders }),
      inContext,
    ],
    [
      'a read-only property',
      (loaders) => Object.defineProperty(new (class Context {})(), 'loaders', { value: loaders }),
      inContext,
    ],
    [
      'a getter of an object that the context holds',
      ({ row }) => ({ loaders: Object.defineProperty({}, 'row', { get: () => row }) }),
      inContext,
    ],
    [
      'a Map',
      (loaders) => new Map([['loaders', loaders]]),
      (context) => (context as Map<string, Loaders>).get('loaders') as Loaders,
    ],
  ])('loads anew what it memoised before the generations were read: %s', async (_name, make, loadersOf) => {
    for (const field of ['aside', 'mine']) {
      expect(await setUp(make, loadersOf)(field)).toEqual({ [field]: { version: 2 } });
    }
  });
});
