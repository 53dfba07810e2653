import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../../src/cache/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { createGate } from '../../../support/gate.js';

/** A request as a framework hands it over. */
interface Claims {
  readonly sub: string;
}

class WithGetter {
  claims: Claims | undefined;
  readonly shop = 'shop';
  constructor(claims: Claims | undefined) {
    this.claims = claims;
  }
  get viewer(): { id: string } | undefined {
    return this.claims && { id: this.claims.sub };
  }
}

class WithMethod {
  identity: Claims | undefined;
  readonly shop = 'shop';
  constructor(claims: Claims | undefined) {
    this.identity = claims;
  }
  findViewer(): string | undefined {
    return this.identity?.sub;
  }
}

class WithPrivate {
  readonly #salt = 'salt';
  passport: Claims | undefined;
  readonly shop = 'shop';
  constructor(claims: Claims | undefined) {
    this.passport = claims;
  }
  get viewer(): string | undefined {
    return this.#salt === 'salt' ? this.passport?.sub : undefined;
  }
}

interface Kind {
  make(claims?: Claims): object;
  viewer(context: never): string | undefined;
  /** The way around `viewer`. */
  leak(context: never): unknown;
}

const claimsOf = (context: object, name: string): string | undefined =>
  (Reflect.get(context, name) as Claims | undefined)?.sub;

const kinds: Record<string, Kind> = {
  'a getter of a class makes the viewer of another property': {
    make: (claims) => new WithGetter(claims),
    viewer: ({ viewer }: WithGetter) => viewer?.id,
    leak: ({ claims }: WithGetter) => claims?.sub,
  },
  'a method of a class does': {
    make: (claims) => new WithMethod(claims),
    viewer: (context: WithMethod) => context.findViewer(),
    leak: ({ identity }: WithMethod) => identity?.sub,
  },
  'a getter does that needs private fields too': {
    make: (claims) => new WithPrivate(claims),
    viewer: ({ viewer }: WithPrivate) => viewer,
    leak: ({ passport }: WithPrivate) => passport?.sub,
  },
  'a frozen instance has such a getter': {
    make: (claims) => Object.freeze(new WithGetter(claims)),
    viewer: ({ viewer }: WithGetter) => viewer?.id,
    leak: ({ claims }: WithGetter) => claims?.sub,
  },
  'a function of a plain object does': {
    make: (claims) => ({
      papers: claims,
      shop: 'shop',
      whoIsIt(this: { papers?: Claims }) {
        return this.papers?.sub;
      },
    }),
    viewer: (context: { whoIsIt(): string | undefined }) => context.whoIsIt(),
    leak: (context: object) => claimsOf(context, 'papers'),
  },
  'a context is derived from what bears the viewer, and a closure reads that': {
    make: (claims) => {
      const base = { papers: claims, shop: 'shop', read: () => base.papers?.sub };
      return Object.create(base) as object;
    },
    viewer: (context: object) => claimsOf(context, 'papers'),
    leak: (context: { read(): unknown }) => context.read(),
  },
  'a context is a proxy that has no properties of its own': {
    make: (claims) => {
      const values: Record<string, unknown> = { papers: claims, shop: 'shop' };
      return new Proxy({}, { get: (_, name) => values[String(name)] });
    },
    viewer: (context: object) => claimsOf(context, 'papers'),
    leak: (context: object) => claimsOf(context, 'papers'),
  },
  'a context is a proxy that refuses new properties': {
    make: (claims) => new Proxy({ papers: claims, shop: 'shop' }, { defineProperty: () => false }),
    viewer: (context: object) => claimsOf(context, 'papers'),
    leak: (context: object) => claimsOf(context, 'papers'),
  },
  'a context is sealed': {
    make: (claims) => Object.seal({ papers: claims, shop: 'shop' }),
    viewer: (context: object) => claimsOf(context, 'papers'),
    leak: (context: object) => claimsOf(context, 'papers'),
  },
  'the property is not there for guests': {
    make: (claims) => (claims === undefined ? { shop: 'shop' } : { papers: claims, shop: 'shop' }),
    viewer: (context: object) => claimsOf(context, 'papers'),
    leak: (context: object) => claimsOf(context, 'papers') ?? 'a guest',
  },
};

const typeDefs = 'type Query { leak: String @cached(ttl: 60) safe: String @cached(ttl: 60) plain: String }';

function setUp(
  { viewer, leak }: Pick<Kind, 'viewer' | 'leak'>,
  options: {
    environment?: 'test' | 'production';
    neutral?: string[];
    safe?: (context: object) => unknown;
  } = {},
) {
  const { environment = 'test', neutral, safe = (context) => Reflect.get(context, 'shop') } = options;
  const log = cacheLog();
  const cache = createCache<object>({
    store: memoryStore(),
    log,
    environment,
    viewer: viewer as (context: object) => string | undefined,
    ...(neutral === undefined ? {} : { neutral }),
  });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          leak: (_, __, context: object) => (leak as (context: object) => unknown)(context),
          safe: (_, __, context: object) => safe(context),
          plain: (_, __, context: object) => safe(context),
        },
      },
    }),
  );
  const read = async (source: string, contextValue: object) => {
    const { data, errors = [] } = await graphql({ schema, source, contextValue });
    return { data: { ...data }, messages: errors.map(({ message }) => message) };
  };
  return { cache, log, read };
}

describe.each(Object.entries(kinds))('a PUBLIC load is found out where %s', (_, kind) => {
  it('in test by an error', async () => {
    const { read } = setUp(kind);
    const { messages } = await read('{ leak }', kind.make({ sub: 'ann' }));
    expect(messages).toEqual([
      expect.stringMatching(
        /^Query.leak is cached for everybody \(scope: PUBLIC\), but its load read context\./,
      ),
    ]);
  });

  it('in production by storing nothing', async () => {
    const { cache, read } = setUp(kind, { environment: 'production' });
    for (const sub of ['ann', 'bob']) {
      expect(await read('{ leak safe }', kind.make({ sub }))).toEqual({
        data: { leak: sub, safe: 'shop' },
        messages: [],
      });
    }
    await read('{ leak safe }', kind.make());
    expect((await read('{ leak }', kind.make({ sub: 'cid' }))).data).toEqual({ leak: 'cid' });
    expect(cache.stats.counters()['Query.leak']).toMatchObject({ stored: 0, hits: 0 });
    expect(cache.stats.counters()['Query.safe']).toMatchObject({ stored: 1, hits: 2 });
  });
});

describe('contexts without end', () => {
  it('that name their properties anew cost no more than the first', async () => {
    const { cache, read } = setUp(
      { viewer: (context: object) => claimsOf(context, 'papers'), leak: () => 'value' },
      { environment: 'production' },
    );
    for (let request = 0; request < 2000; request += 1) {
      await read('{ safe }', {
        [`of ${request}`]: request,
        papers: { sub: `viewer ${request}` },
        shop: 'shop',
      });
      await cache.invalidate(['Query.safe']);
    }
    expect(cache.stats.counters()['Query.safe']).toMatchObject({ viewerTouched: 0, failedLoads: 0 });
  });

  it('keep a viewer hidden that a getter reads, also after many of them', async () => {
    const { cache, read } = setUp(
      {
        viewer: ({ viewer }: WithGetter) => viewer?.id,
        leak: ({ claims }: WithGetter) => claims?.sub,
      },
      { environment: 'production' },
    );
    for (let request = 0; request < 200; request += 1) {
      const sub = `viewer ${request}`;
      expect((await read('{ leak }', new WithGetter({ sub }))).data).toEqual({ leak: sub });
    }
    expect(cache.stats.counters()['Query.leak']).toMatchObject({ stored: 0 });
  });
});

describe('the context of a PUBLIC load', () => {
  const viewer = (context: object): string | undefined => claimsOf(context, 'papers');
  const leak = (): undefined => undefined;

  it('has no names for others that it lacks, as far as nothing reads them', async () => {
    const gate = createGate();
    const safe = async (): Promise<string> => {
      await gate.wait();
      return 'shop';
    };
    const { read } = setUp({ viewer, leak }, { safe });
    const context = { papers: { sub: 'ann' } };
    const reading = read('{ safe }', context);
    await gate.arrived();
    expect(
      ['req', 'user', 'session'].filter((name) => name in context || Object.hasOwn(context, name)),
    ).toEqual([]);
    gate.open();
    expect((await reading).messages).toEqual([]);
  });

  it('shows others at once what is written into it meanwhile', async () => {
    const gate = createGate();
    const safe = async (): Promise<string> => {
      await gate.wait();
      return 'shop';
    };
    const { read } = setUp({ viewer, leak }, { safe });
    const context: { papers?: Claims } = {};
    const reading = read('{ safe }', context);
    await gate.arrived();
    context.papers = { sub: 'ann' };
    expect({ ...context }).toEqual({ papers: { sub: 'ann' } });
    gate.open();
    await reading;
    expect(Object.getOwnPropertyDescriptor(context, 'papers')).toEqual({
      value: { sub: 'ann' },
      writable: true,
      enumerable: true,
      configurable: true,
    });
  });

  it('keeps what is written into one that is sealed', async () => {
    const context = Object.seal({ papers: { sub: 'ann' }, shop: 'shop' });
    const safe = (given: object): unknown => Reflect.set(given, 'shop', 'changed');
    const { read } = setUp({ viewer, leak }, { safe });
    expect((await read('{ safe }', context)).messages).toEqual([]);
    expect(context.shop).toBe('changed');
  });

  it('may be read by what goes on after the load has ended', async () => {
    const gate = createGate();
    let later: Promise<unknown> | undefined;
    const first = (context: object): string => {
      later = gate.wait().then(() => Reflect.get(context, 'papers') as unknown);
      return 'shop';
    };
    const { read } = setUp({ viewer, leak }, { safe: first });
    const context = { papers: { sub: 'ann' } };
    expect((await read('{ safe }', context)).messages).toEqual([]);
    const holding = createGate();
    const { read: readToo } = setUp({ viewer, leak }, { safe: () => holding.wait().then(() => 'other') });
    const reading = readToo('{ safe }', context);
    await holding.arrived();
    gate.open();
    expect(await later).toEqual({ sub: 'ann' });
    holding.open();
    await reading;
  });

  describe('where viewer throws for guests', () => {
    const throwing = (context: object): string => {
      if (!Reflect.has(context, 'ready')) throw new TypeError('not ready');
      return (Reflect.get(context, 'papers') as Claims).sub;
    };

    it('is answered in production and not stored, until viewer has answered once; that is told once', async () => {
      const { cache, log, read } = setUp(
        { viewer: throwing, leak: viewer as Kind['leak'] },
        { environment: 'production' },
      );
      const guest = (sub: string): object => ({ papers: { sub }, shop: 'shop' });
      expect(await read('{ leak safe }', guest('ann'))).toEqual({
        data: { leak: 'ann', safe: 'shop' },
        messages: [],
      });
      expect((await read('{ leak }', guest('bob'))).data).toEqual({ leak: 'bob' });
      expect((await read('{ leak }', { ...guest('cid'), ready: true })).data).toEqual({ leak: 'cid' });
      expect((await read('{ leak safe }', guest('dan'))).data).toEqual({ leak: 'dan', safe: 'shop' });
      expect(cache.stats.counters()['Query.leak']).toMatchObject({ stored: 0, hits: 0 });
      expect(cache.stats.counters()['Query.safe']).toMatchObject({ stored: 1 });
      expect(log.lines.filter((line) => line.startsWith('error viewer'))).toEqual([
        expect.stringMatching(
          /^error viewer\(context\) failed; PUBLIC fields are answered without it, and not stored /,
        ),
      ]);
    });

    it('is an error in test', async () => {
      const { read } = setUp({ viewer: throwing, leak });
      expect((await read('{ safe }', { shop: 'shop' })).messages[0]).toMatch(
        /^createCache: viewer\(context\) threw/,
      );
    });
  });
});
