import DataLoader from 'dataloader';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../../src/cache/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { createGate } from '../../../support/gate.js';

type Ask = (context: never) => unknown;

const typeDefs = `type Query {
  first: String @cached(ttl: 60)
  second: String @cached(ttl: 60)
}`;

function setUp(
  viewer: (context: never) => string | undefined,
  { first, second = () => 'second' }: { first: Ask; second?: Ask },
  environment: 'test' | 'production' = 'production',
) {
  const cache = createCache<never>({ store: memoryStore(), log: cacheLog(), environment, viewer });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          first: (_, __, context: never) => first(context),
          second: (_, __, context: never) => second(context),
        },
      },
    }),
  );
  const read = async (contextValue: unknown, source = '{ first }') => {
    const { data, errors = [] } = await graphql({ schema, source, contextValue });
    return { ...data, ...(errors.length === 0 ? {} : { errors: errors.map(({ message }) => message) }) };
  };
  return { cache, read };
}

interface Claims {
  readonly sub: string;
}

class WithName {
  readonly claims: Claims;
  readonly shop = 'shop';
  constructor(sub: string) {
    this.claims = { sub };
  }
  get name(): string {
    return this.claims.sub;
  }
}

class MapWithMethod extends Map<string, Claims> {
  me(): string | undefined {
    return this.get('claims')?.sub;
  }
}

const ofClaims = ({ claims }: { claims: Claims }): string => claims.sub;

const leaks: [string, (sub: string) => unknown, (context: never) => string | undefined, Ask][] = [
  ...(
    [
      ['a getter of a frozen instance', (sub: string) => Object.freeze(new WithName(sub))],
      ['a getter of a sealed instance', (sub: string) => Object.seal(new WithName(sub))],
      ['a getter of an instance behind a proxy', (sub: string) => new Proxy(new WithName(sub), {})],
    ] as const
  ).map(([name, make]): (typeof leaks)[number] => [name, make, ofClaims, ({ name: read }: WithName) => read]),
  [
    'the key that a method of a Map reads',
    (sub) => new MapWithMethod([['claims', { sub }]]),
    (context: MapWithMethod) => context.me(),
    (context: MapWithMethod) => context.get('claims')?.sub,
  ],
  ['a text', (sub) => sub, (context: string) => context, (context: string) => context],
  [
    'a property of a function',
    (sub) => Object.assign(() => undefined, { claims: { sub } }),
    ofClaims,
    ({ claims }: { claims: Claims }) => claims.sub,
  ],
];

describe('in production the viewer is given to no other reader by', () => {
  it.each(leaks)('%s', async (_, make, viewer, first) => {
    const { cache, read } = setUp(viewer, { first });
    expect(await read(make('ann'))).toEqual({ first: 'ann' });
    expect(await read(make('bob'))).toEqual({ first: 'bob' });
    expect(cache.stats.counters()['Query.first']).toMatchObject({ stored: 0, hits: 0 });
  });

  it('a DataLoader whose batch, which two PUBLIC loads share, reads it', async () => {
    interface Context {
      readonly claims: Claims;
      readonly names: DataLoader<number, string>;
    }
    const make = (sub: string): Context => {
      const context: Context = {
        claims: { sub },
        names: new DataLoader((ids) => Promise.resolve(ids.map((id) => `${context.claims.sub}${id}`))),
      };
      return context;
    };
    const { cache, read } = setUp(ofClaims, {
      first: ({ names }: Context) => names.load(1),
      second: ({ names }: Context) => names.load(2),
    });
    for (const sub of ['ann', 'bob']) {
      expect(await read(make(sub), '{ first second }')).toEqual({ first: `${sub}1`, second: `${sub}2` });
    }
    expect(cache.stats.counters()['Query.first']).toMatchObject({ stored: 0, viewerTouched: 2 });
    expect(cache.stats.counters()['Query.second']).toMatchObject({ stored: 0, viewerTouched: 2 });
  });
});

describe('in production the viewer is given to no other reader', () => {
  it.each<[string, (context: object, claims: Claims) => void]>([
    [
      'defined anew',
      (context, claims) =>
        void Object.defineProperty(context, 'claims', { value: claims, writable: true, enumerable: true }),
    ],
    [
      'removed and set again',
      (context, claims) => {
        Reflect.deleteProperty(context, 'claims');
        Reflect.set(context, 'claims', claims);
      },
    ],
  ])('by what is %s while another load runs', async (_, change) => {
    const gate = createGate();
    const { cache, read } = setUp(ofClaims, {
      first: ofClaims,
      second: () => gate.wait().then(() => 'second'),
    });
    const context = { claims: { sub: 'guest' } };
    const reading = read(context, '{ second }');
    await gate.arrived();
    change(context, { sub: 'ann' });
    expect(await read(context)).toEqual({ first: 'ann' });
    gate.open();
    await reading;
    expect(cache.stats.counters()['Query.first']).toMatchObject({ stored: 0, viewerTouched: 1 });
    expect(Object.getOwnPropertyDescriptor(context, 'claims')).toMatchObject({ value: { sub: 'ann' } });
  });

  it('by what a cache.fetch within a PUBLIC load loads', async () => {
    const { cache, read } = setUp(ofClaims, {
      first: (context: { claims: Claims }) =>
        cache.fetch('name:1', { ttl: 60 }, () => Promise.resolve(context.claims.sub)),
    });
    expect(await read({ claims: { sub: 'ann' } })).toEqual({ first: 'ann' });
    expect(await read({ claims: { sub: 'bob' } })).toEqual({ first: 'bob' });
    expect(cache.stats.counters()['Query.first']).toMatchObject({ stored: 0, hits: 0 });
  });
});

class WithStatic {
  readonly #id: string;
  readonly shop = 'shop';
  constructor(id: string) {
    this.#id = id;
  }
  static idOf(context: WithStatic): string {
    return context.#id;
  }
}

const sessions = new WeakMap<object, { id: string }>();

describe.each(['test', 'production'] as const)('in %s a load is stored that does not read', (environment) => {
  it.each<[string, (context: never) => string | undefined, (id: string) => object]>([
    ['private fields, as a static method does', WithStatic.idOf, (id) => new WithStatic(id)],
    [
      'what a WeakMap has for the context',
      (context: object) => {
        const session = sessions.get(context);
        if (session === undefined) throw new Error('no session');
        return session.id;
      },
      (id) => {
        const context = { shop: 'shop' };
        sessions.set(context, { id });
        return context;
      },
    ],
  ])('%s', async (_, viewer, make) => {
    const { cache, read } = setUp(viewer, { first: ({ shop }: { shop: string }) => shop }, environment);
    expect(await read(make('ann'))).toEqual({ first: 'shop' });
    expect(await read(make('bob'))).toEqual({ first: 'shop' });
    expect(cache.stats.counters()['Query.first']).toMatchObject({ stored: 1, hits: 1 });
  });
});

describe('a context', () => {
  const traps = ['has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'];
  it.each(traps)('that refuses %s is answered in production', async (trap) => {
    const refuse = (): never => {
      throw new Error('refused');
    };
    const context = new Proxy({ claims: { sub: 'ann' } }, { [trap]: refuse });
    const { cache, read } = setUp(ofClaims, { first: () => 'first' });
    expect(await read(context)).toEqual({ first: 'first' });
    expect(cache.stats.counters()['Query.first']).toMatchObject({ stored: 0 });
  });

  it('that refuses names it lacks does not hide why a load failed', async () => {
    const values = new Map<unknown, unknown>([['claims', { sub: 'ann' }]]);
    const context = new Proxy(
      {},
      {
        get(_, name) {
          if (!values.has(name)) throw new Error(`cannot resolve ${String(name)}`);
          return values.get(name);
        },
      },
    );
    const first = (): never => {
      throw new Error('the origin failed');
    };
    const { read } = setUp(ofClaims, { first });
    expect(await read(context)).toEqual({ first: null, errors: ['the origin failed'] });
  });

  it('that is frozen may have a getter whose promise fails, though nothing reads it', async () => {
    const failures: unknown[] = [];
    const note = (error: unknown): void => void failures.push(error);
    process.on('unhandledRejection', note);
    const context = Object.freeze({
      claims: { sub: 'ann' },
      get current(): Promise<never> {
        return Promise.reject(new Error('nobody is signed in'));
      },
    });
    const { read } = setUp(ofClaims, { first: () => 'first' });
    expect(await read(context)).toEqual({ first: 'first' });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(failures).toEqual([]);
  });

  it('may be copied by its descriptors while a load runs: the copy takes what is written', async () => {
    const gate = createGate();
    const { read } = setUp(ofClaims, { first: () => gate.wait().then(() => 'first') });
    const context = { claims: { sub: 'ann' } };
    const reading = read(context);
    await gate.arrived();
    const copy: { claims?: Claims } = Object.defineProperties({}, Object.getOwnPropertyDescriptors(context));
    copy.claims = { sub: 'bob' };
    gate.open();
    await reading;
    expect(copy).toEqual({ claims: { sub: 'bob' } });
    expect(context).toEqual({ claims: { sub: 'ann' } });
  });

  it('of which one property was fixed meanwhile has its other ones back', async () => {
    const gate = createGate();
    const { read } = setUp(ofClaims, { first: () => gate.wait().then(() => 'first') });
    const context = { claims: { sub: 'ann' }, user: 'ann' };
    const reading = read(context);
    await gate.arrived();
    Object.defineProperty(context, 'user', { value: 'bob', configurable: false });
    gate.open();
    await reading;
    expect(Object.getOwnPropertyDescriptor(context, 'claims')).toMatchObject({ value: { sub: 'ann' } });
    expect(context.user).toBe('bob');
  });
});
