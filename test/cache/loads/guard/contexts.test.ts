import DataLoader from 'dataloader';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore, type Cache } from '../../../../src/cache/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { createGate } from '../../../support/gate.js';

/** What every context of these tests can be asked, however it is made. */
interface Access {
  service(context: object): string;
  viewer(context: object): string | undefined;
}

class Session {
  readonly #viewer: string | undefined;
  readonly #service = 'service';
  constructor(viewer: string | undefined) {
    this.#viewer = viewer;
  }
  get service(): string {
    return this.#service;
  }
  get viewer(): string | undefined {
    return this.#viewer;
  }
  currentId(): string | undefined {
    return this.#viewer;
  }
  ask(): string {
    return this.#service;
  }
}

const services = new WeakMap<object, string>();

const byProperty: Access = {
  service: (context) => String(Reflect.get(context, 'service')),
  viewer: (context) => Reflect.get(context, 'viewer') as string | undefined,
};

const inMap = (context: object): Map<string, string | undefined> =>
  context as Map<string, string | undefined>;

const kinds: [string, (viewer?: string) => object, Access][] = [
  ['an object', (viewer) => ({ service: 'service', viewer }), byProperty],
  [
    'an object without a prototype',
    (viewer) => Object.assign(Object.create(null), { service: 'service', viewer }),
    byProperty,
  ],
  ['an instance of a class with private fields', (viewer) => new Session(viewer), byProperty],
  [
    'an instance of a class that is asked by methods',
    (viewer) => new Session(viewer),
    {
      service: (context) => (context as Session).ask(),
      viewer: (context) => (context as Session).currentId(),
    },
  ],
  [
    'a Map',
    (viewer) =>
      new Map<string, string | undefined>([
        ['service', 'service'],
        ['viewer', viewer],
      ]),
    {
      service: (context) => String(inMap(context).get('service')),
      viewer: (context) => inMap(context).get('viewer'),
    },
  ],
  [
    'the key of a WeakMap',
    (viewer) => {
      const context = { viewer };
      services.set(context, 'service');
      return context;
    },
    { ...byProperty, service: (context) => String(services.get(context)) },
  ],
  [
    'an object with read-only properties',
    (viewer) => Object.defineProperty({ viewer }, 'service', { value: 'service' }),
    byProperty,
  ],
  ['a frozen object', (viewer) => Object.freeze({ service: 'service', viewer }), byProperty],
  ['a frozen instance', (viewer) => Object.freeze(new Session(viewer)), byProperty],
];

const typeDefs = /* GraphQL */ `
  type Row {
    id: ID!
    text: String
  }
  type Query {
    aside: String @cached(ttl: 60)
    through(id: ID!): Row @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
    warm: String @cached(ttl: 60, pattern: PREFETCH)
    mine: String @cached(ttl: 60, scope: PRIVATE)
    plain: String
    leakAside: String @cached(ttl: 60)
    leakThrough(id: ID!): Row @cached(ttl: 60, pattern: READ_THROUGH, key: "Leak:{args.id}")
    leakWarm: String @cached(ttl: 60, pattern: PREFETCH)
  }
`;

const reads: Record<string, string> = {
  aside: '{ aside }',
  through: '{ through(id: 1) { text } }',
  warm: '{ warm }',
};
const leaks: Record<string, string> = {
  leakAside: '{ leakAside }',
  leakThrough: '{ leakThrough(id: 1) { text } }',
  leakWarm: '{ leakWarm }',
};

function setUp(
  { service, viewer }: Access,
  environment: 'test' | 'production',
  options: { wait?: () => Promise<void> } = {},
) {
  const log = cacheLog();
  const cache: Cache<object> = createCache<object>({
    store: memoryStore(),
    environment,
    log,
    viewer: (context) => viewer(context),
    prefetch: false,
    origins: {
      Row: { load: (ids, context) => Promise.resolve(ids.map((id) => ({ id, text: service(context) }))) },
      Leak: { load: (ids, context) => Promise.resolve(ids.map((id) => ({ id, text: viewer(context) }))) },
    },
  });
  const serve = async (_: unknown, __: unknown, context: object): Promise<string> => {
    await options.wait?.();
    return service(context);
  };
  const reveal = (_: unknown, __: unknown, context: object): string | undefined => viewer(context);
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          ...{ aside: serve, warm: serve, mine: reveal, plain: reveal },
          ...{ leakAside: reveal, leakWarm: reveal },
        },
      },
    }),
  );
  const query = async (
    source: string,
    contextValue: object,
  ): Promise<{ data: unknown; messages: string[] }> => {
    const { data, errors = [] } = await graphql({ schema, source, contextValue });
    return { data: JSON.parse(JSON.stringify(data)), messages: errors.map(({ message }) => message) };
  };
  return { cache, query, log };
}

describe.each(['test', 'production'] as const)('in %s a context that is', (environment) => {
  it.each(kinds)(
    '%s reaches loads of every read pattern as it is, and what they bring is stored',
    async (_, make, access) => {
      const { cache, query } = setUp(access, environment);
      for (const [field, source] of Object.entries(reads)) {
        const answer = field === 'through' ? { through: { text: 'service' } } : { [field]: 'service' };
        // A method of a frozen instance could read whatever it likes.
        expect(await query(source, make('ann')), field).toEqual({ data: answer, messages: [] });
        expect(await query(source, make('bob')), field).toEqual({ data: answer, messages: [] });
        expect(cache.stats.counters()[`Query.${field}`], field).toMatchObject({
          loads: 1,
          hits: 1,
          viewerTouched: 0,
        });
      }
    },
  );

  it.each(kinds)('%s does not reveal its viewer to PUBLIC loads', async (_, make, access) => {
    const { cache, query } = setUp(access, environment);
    for (const [field, source] of Object.entries(leaks)) {
      const answers = [
        await query(source, make('ann')),
        await query(source, make('bob')),
        await query(source, make()),
      ];
      if (environment === 'test') {
        for (const { messages } of answers) {
          expect(messages).toEqual([
            expect.stringMatching(
              new RegExp(
                `^Query.${field} is cached for everybody \\(scope: PUBLIC\\), but its load read context\\.`,
              ),
            ),
          ]);
        }
      } else {
        const textOf = ({ data }: { data: unknown }): string => JSON.stringify(data);
        expect(answers.map(textOf).join()).toMatch(/ann.*bob.*null/);
      }
      expect(cache.stats.counters()[`Query.${field}`]).toMatchObject({ stored: 0, hits: 0 });
    }
  });

  it.each(kinds)(
    '%s is for others what it was, while a PUBLIC load runs and after it',
    async (_, make, access) => {
      const gate = createGate();
      const { cache, query } = setUp(access, environment, { wait: () => gate.wait() });
      const context = make('ann');
      const before = Object.getOwnPropertyDescriptors(context);
      const loading = query('{ aside plain mine }', context);
      await gate.arrived();
      expect(access.viewer(context)).toBe('ann');
      gate.open();
      expect(await loading).toEqual({ data: { aside: 'service', plain: 'ann', mine: 'ann' }, messages: [] });
      expect(Object.getOwnPropertyDescriptors(context)).toEqual(before);
      expect(cache.stats.counters()['Query.aside']).toMatchObject({ stored: 1, viewerTouched: 0 });
    },
  );
});

describe('a PUBLIC load', () => {
  const source = '{ leak }';
  const leaky = (
    resolve: (context: { viewer?: string }) => unknown,
    environment: 'test' | 'production' = 'test',
  ) => {
    const cache = createCache<{ viewer?: string }>({
      store: memoryStore(),
      environment,
      log: cacheLog(),
      viewer: ({ viewer }) => viewer,
    });
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [
          cacheTypeDefs,
          'type Query { leak: String @cached(ttl: 60) safe: String @cached(ttl: 60) }',
        ],
        resolvers: { Query: { leak: (_, __, context: object) => resolve(context), safe: () => 'safe' } },
      }),
    );
    return { cache, read: (contextValue: { viewer?: string }) => graphql({ schema, source, contextValue }) };
  };
  const message =
    'Query.leak is cached for everybody (scope: PUBLIC), but its load read context.viewer; ' +
    'give the field scope: PRIVATE, or do not look at the viewer';

  it('that reads the viewer through a closure is caught too', async () => {
    const request = { viewer: 'ann' };
    const { read } = leaky(() => request.viewer);
    expect((await read(request)).errors?.[0]?.message).toBe(message);
  });

  it('that reads the viewer after it has waited is caught too', async () => {
    const { read } = leaky(async (context) => {
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      return context.viewer;
    });
    expect((await read({ viewer: 'ann' })).errors?.[0]?.message).toBe(message);
  });

  it('that begins when it is waited for, as a query of Prisma does, is caught too', async () => {
    const { read } = leaky((context) => ({
      then: (fulfil: (value: unknown) => void) => fulfil(context.viewer),
    }));
    expect((await read({ viewer: 'ann' })).errors?.[0]?.message).toBe(message);
  });

  it('keeps what it writes into the context, and what others do', async () => {
    const context: { viewer?: string; token?: string } = {};
    const { read } = leaky((given) => {
      Reflect.set(given, 'token', 'mine');
      return 'value';
    });
    await read(context);
    expect(Object.getOwnPropertyDescriptor(context, 'token')).toEqual({
      value: 'mine',
      writable: true,
      enumerable: true,
      configurable: true,
    });
    expect(Object.keys(context)).toEqual(['token']);
  });

  it('of a request whose context two caches share is caught by both, and the context is restored', async () => {
    const context = { viewer: 'ann' };
    const inner = leaky(() => 'inner');
    const outer = leaky(async (given) => {
      await inner.read(given);
      return 'outer';
    });
    expect((await outer.read(context)).errors).toBeUndefined();
    expect(Object.getOwnPropertyDescriptor(context, 'viewer')).toMatchObject({ value: 'ann' });
  });
});

describe('viewer(context)', () => {
  const read = async (viewer: (context: object) => unknown): Promise<string | undefined> => {
    const cache = createCache<object>({
      store: memoryStore(),
      log: cacheLog(),
      // As from JavaScript.
      viewer: viewer as (context: object) => string,
    });
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [cacheTypeDefs, 'type Query { mine: String @cached(ttl: 60, scope: PRIVATE) }'],
        resolvers: { Query: { mine: () => 'mine' } },
      }),
    );
    const { errors } = await graphql({ schema, source: '{ mine }', contextValue: {} });
    return errors?.[0]?.message;
  };

  it.each<[string, () => unknown, string]>([
    [
      'returns a promise',
      () => Promise.resolve('ann'),
      'returned a promise; find the viewer while the context is made, and return its id here',
    ],
    [
      'returns an object',
      () => ({ id: 'ann' }),
      'returned an object; return its id, a text or a number, or undefined for a guest',
    ],
    [
      'returns true',
      () => true,
      'returned a boolean; return its id, a text or a number, or undefined for a guest',
    ],
    [
      'throws',
      () => {
        throw new TypeError('no user');
      },
      'threw TypeError: no user; return undefined for a guest',
    ],
  ])('is a sentence at the first request where it %s', async (_, viewer, sentence) => {
    expect(await read(viewer)).toBe(`createCache: viewer(context) ${sentence}`);
  });

  it('may return a bigint, as databases number rows', async () => {
    expect(await read(() => 7n)).toBeUndefined();
  });
});

describe('a DataLoader that looks at the viewer', () => {
  it('has a batch of its own for a PUBLIC load: what an uncached field began is never stored', async () => {
    interface Asking {
      viewer: { id: string };
      loader?: DataLoader<string, string>;
    }
    const cache = createCache<Asking>({
      store: memoryStore(),
      environment: 'production',
      log: cacheLog(),
      viewer: ({ viewer }) => viewer.id,
    });
    const load = (_: unknown, { id }: { id: string }, { loader }: Asking) => loader?.load(id);
    const schema = cache.apply(
      makeExecutableSchema({
        typeDefs: [
          cacheTypeDefs,
          'type Query { plain(id: ID!): String shared(id: ID!): String @cached(ttl: 60) }',
        ],
        resolvers: { Query: { plain: load, shared: load } },
      }),
    );
    const read = async (source: string, id: string): Promise<unknown> => {
      const contextValue: Asking = { viewer: { id } };
      contextValue.loader = new DataLoader(async (ids) => {
        await Promise.resolve();
        return ids.map(() => `for ${contextValue.viewer.id}`);
      });
      const { data } = await graphql({ schema, source, contextValue });
      return JSON.parse(JSON.stringify(data));
    };
    expect(await read('{ plain(id: 1) shared(id: 2) }', 'ann')).toEqual({
      plain: 'for ann',
      shared: 'for ann',
    });
    expect(await read('{ shared(id: 2) }', 'bob')).toEqual({ shared: 'for bob' });
    expect(cache.stats.counters()['Query.shared']).toMatchObject({ stored: 0 });
  });
});

describe('a context that another one is derived from', () => {
  it('can be watched together with it, and is read and written by others as it is', async () => {
    const gate = createGate();
    const { query } = setUp(byProperty, 'test', { wait: () => gate.wait() });
    const base = { service: 'service', viewer: 'ann' };
    const derived = Object.create(base) as typeof base;
    const loading = [query('{ aside }', base), query('{ warm }', derived)];
    await gate.arrived();
    expect(derived.viewer).toBe('ann');
    derived.viewer = 'bob';
    expect([base.viewer, derived.viewer]).toEqual(['ann', 'bob']);
    gate.open();
    for (const { messages } of await Promise.all(loading)) expect(messages).toEqual([]);
    expect([base.viewer, derived.viewer]).toEqual(['ann', 'bob']);
  });

  it('that is frozen while a load runs keeps what it has', async () => {
    const gate = createGate();
    const { query } = setUp(byProperty, 'test', { wait: () => gate.wait() });
    const context = { service: 'service', viewer: 'ann' };
    const loading = query('{ aside }', context);
    await gate.arrived();
    Object.freeze(context);
    gate.open();
    expect((await loading).messages).toEqual([]);
    expect(context.viewer).toBe('ann');
  });
});
