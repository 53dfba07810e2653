import { graphql, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { CacheError, createCache, memoryStore, type CacheOptions } from '../../src/cache/index.js';
import { cacheLog } from '../support/cache-log.js';
import { createGate, type Gate } from '../support/gate.js';

/** Who reads; friends may see the films, strangers may not. */
export interface Reader {
  readonly viewer?: { readonly id: string; readonly isFriend: boolean };
}

export interface Film {
  readonly id: string;
  readonly title: string;
}

/** Where the check stands: around what the cache answers, or within the resolver that the cache wraps. */
export type Order = 'outside' | 'inside';

/** What a schema is made of. `Query.film` and `Film.notes` are cached and checked, `Query.films` is neither. */
export interface CheckedParts {
  readonly mayRead: (reader: Reader) => boolean;
  readonly film: (id: string) => Promise<Film>;
  readonly films: () => readonly Film[];
  readonly notes: (film: Film) => Promise<string>;
  /** `cache.apply`; without a cache, the schema as it is. */
  readonly apply: (schema: GraphQLSchema) => GraphQLSchema;
  /** `cache.fetch`; without a cache, the load. */
  readonly fetch: <T>(key: string, load: () => Promise<T>) => Promise<T>;
}

export interface CheckSubject {
  readonly name: string;
  /** What becomes of a check inside of the wrapped resolver when there is no `authorize`. */
  readonly inside:
    { readonly isRefused: true; readonly faults: readonly RegExp[] } | { readonly isRefused: false };
  build(order: Order, parts: CheckedParts): GraphQLSchema | Promise<GraphQLSchema>;
}

export const checkedTypeDefs = `
  type Film { id: ID! title: String! notes: String @cached(ttl: 60) }
  type Query { film(id: ID!): Film @cached(ttl: 60) films: [Film!]! }
`;

const FILMS: readonly Film[] = ['1', '2', '3'].map((id) => ({ id, title: `Film ${id}` }));
const SOURCES = ['{ film(id: 1) { title } }', '{ films { title notes } }'];

/** Readers whose rights no property of their context tells, as where a service knows them. */
const known = new WeakSet<Reader>();

function reader(isFriend: boolean, id: string): Reader {
  const made = { viewer: { id, isFriend } };
  if (isFriend) known.add(made);
  return made;
}

const friend = (id = 'ann'): Reader => reader(true, id);
const stranger = (): Reader => reader(false, 'sly');

/** Reads the viewer of the context, which loads of PUBLIC fields are watched for. */
const seen = ({ viewer }: Reader): boolean => viewer?.isFriend === true;
/** The same, where the engine cannot see it. */
const unseen = (context: Reader): boolean => known.has(context);

interface WorldOptions extends Partial<CacheOptions<Reader>> {
  readonly order: Order;
  readonly mayRead?: (reader: Reader) => boolean;
  readonly gate?: Gate;
}

interface Asked {
  readonly result: ExecutionResult;
  /** `Query.film HIT`; BYPASS with its reason. */
  readonly outcomes: readonly string[];
}

async function world(subject: CheckSubject, { order, mayRead = seen, gate, ...options }: WorldOptions) {
  const loads: string[] = [];
  const checks: string[] = [];
  const cache = createCache<Reader>({
    store: memoryStore(),
    viewer: ({ viewer }) => viewer?.id,
    environment: 'test',
    log: cacheLog(),
    random: () => 0,
    ...options,
  });
  const source = {
    film: async (id: string): Promise<Film> => {
      loads.push(`film ${id}`);
      await gate?.wait();
      return { id, title: `Film ${id}` };
    },
    films: () => FILMS,
    notes: async ({ id }: Film): Promise<string> => {
      loads.push(`notes ${id}`);
      await gate?.wait();
      return `Notes on ${id}`;
    },
  };
  const check = (context: Reader): boolean => {
    checks.push(context.viewer?.id ?? 'nobody');
    return mayRead(context);
  };
  const schema = await subject.build(order, {
    ...source,
    mayRead: order === 'inside' ? (context) => cache.asCheck(() => check(context)) : check,
    apply: (given) => cache.apply(given),
    fetch: (key, load) => cache.fetch(key, { ttl: 60 }, load),
  });
  const plain = await subject.build(order, {
    ...source,
    mayRead,
    apply: (given) => given,
    fetch: (_key, load) => load(),
  });
  const ask = async (query: string, contextValue: Reader): Promise<Asked> => {
    const trace = cache.trace(contextValue);
    const result = await graphql({ schema, source: query, contextValue });
    const outcomes = trace
      .report()
      .fields.map(({ coordinate, outcome, reason }) => [coordinate, outcome, reason].join(' ').trim());
    return { result: asJson(result), outcomes };
  };
  return {
    ask,
    loads,
    checks,
    withoutCache: async (query: string, contextValue: Reader): Promise<ExecutionResult> =>
      asJson(await graphql({ schema: plain, source: query, contextValue })),
  };
}

/** A result as a client gets it. */
function asJson(result: ExecutionResult): ExecutionResult {
  return { data: null, ...JSON.parse(JSON.stringify(result)) };
}

/** Shows what a hit does with the checks of a package, in both orders. */
export function describeChecks(subject: CheckSubject): void {
  describe(`the checks of ${subject.name}, outside of the cache`, () => {
    it.each(SOURCES)(
      'are run by hits too, and a stranger gets what there is without a cache: %s',
      async (query) => {
        const { ask, withoutCache, loads, checks } = await world(subject, { order: 'outside' });
        const cold = await ask(query, friend());
        expect(cold.result).toEqual(await withoutCache(query, friend()));
        expect(cold.result.errors).toBeUndefined();
        loads.length = 0;
        checks.length = 0;
        expect((await ask(query, friend('ben'))).result).toEqual(cold.result);
        const refused = (await ask(query, stranger())).result;
        expect(loads).toEqual([]);
        expect(new Set(checks)).toEqual(new Set(['ben', 'sly']));
        expect(refused.errors?.length).toBeGreaterThan(0);
        expect(refused).toEqual(await withoutCache(query, stranger()));
      },
    );
  });

  describe(`the checks of ${subject.name}, inside of the wrapped resolver`, () => {
    const authorize = (_coordinate: string, _parent: unknown, _args: object, context: Reader): boolean =>
      seen(context);

    it.each(SOURCES)('refuse a stranger as without a cache, with authorize: %s', async (query) => {
      const { ask, withoutCache, loads } = await world(subject, { order: 'inside', authorize });
      const first = await ask(query, stranger());
      expect(first.result).toEqual(await withoutCache(query, stranger()));
      expect(first.result.errors?.length).toBeGreaterThan(0);
      expect(first.outcomes.every((one) => one.endsWith('BYPASS authorize said no'))).toBe(true);
      const cold = await ask(query, friend());
      // What the stranger has asked for has stored nothing, neither a value nor an error.
      expect(new Set(cold.outcomes.map((one) => one.split(' ')[1]))).toEqual(new Set(['MISS']));
      expect(cold.result).toEqual(await withoutCache(query, friend()));
      loads.length = 0;
      const warm = await ask(query, friend('ben'));
      expect(warm.result).toEqual(cold.result);
      expect(new Set(warm.outcomes.map((one) => one.split(' ')[1]))).toEqual(new Set(['HIT']));
      expect((await ask(query, stranger())).result).toEqual(first.result);
      expect(loads).toEqual([]);
    });

    it('do not let a stranger join the load of a friend, with authorize', async () => {
      const gate = createGate();
      const { ask, withoutCache } = await world(subject, { order: 'inside', authorize, gate });
      const [query = ''] = SOURCES;
      const loading = ask(query, friend());
      await gate.arrived();
      // Answered while the load goes on.
      const refused = await ask(query, stranger());
      expect(refused.result).toEqual(await withoutCache(query, stranger()));
      const joining = ask(query, friend('ben'));
      gate.open();
      expect((await loading).outcomes).toEqual(['Query.film MISS']);
      expect((await joining).result).toEqual((await loading).result);
    });

    it.each(SOURCES)('are skipped by hits, so that authorize decides alone: %s', async (query) => {
      const { ask, checks } = await world(subject, { order: 'inside', authorize: () => true });
      const cold = await ask(query, friend());
      checks.length = 0;
      expect((await ask(query, stranger())).result).toEqual(cold.result);
      expect(checks).toEqual([]);
    });

    const { inside } = subject;
    if (inside.isRefused) {
      it('are refused at start without authorize', async () => {
        const building = world(subject, { order: 'inside' });
        await expect(building).rejects.toThrow(CacheError);
        const message = await building.catch(String);
        for (const fault of inside.faults) expect(message).toMatch(fault);
      });
      return;
    }
    it.each(SOURCES)('leave no mark, and are skipped by hits without authorize: %s', async (query) => {
      const { ask, checks } = await world(subject, { order: 'inside', mayRead: unseen });
      const cold = await ask(query, friend());
      checks.length = 0;
      expect((await ask(query, stranger())).result).toEqual(cold.result);
      expect(checks).toEqual([]);
    });

    it.each(SOURCES)('are noticed where they read the viewer of the context: %s', async (query) => {
      const developing = await world(subject, { order: 'inside' });
      const { result } = await developing.ask(query, friend());
      expect(result.errors?.[0]?.message).toMatch(
        /is cached for everybody \(scope: PUBLIC\), but its load read context\.viewer/,
      );
      const { ask, withoutCache } = await world(subject, { order: 'inside', environment: 'production' });
      expect((await ask(query, friend())).result).toEqual(await withoutCache(query, friend()));
      expect((await ask(query, stranger())).result).toEqual(await withoutCache(query, stranger()));
    });
  });
}
