import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore, type Cache } from '../../../src/cache/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { createGate, type Gate } from '../../support/gate.js';

interface Context {
  readonly name: string;
  readonly signal: AbortSignal;
}

const typeDefs = /* GraphQL */ `
  type Row {
    id: ID!
    text: String
  }
  type Query {
    aside: String @cached(ttl: 60)
    through(id: ID!): Row @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
    warm: String @cached(ttl: 60, pattern: PREFETCH)
  }
`;

interface Answer {
  readonly value: unknown;
  readonly error: string | undefined;
}

/** Loads that wait at a gate, and fail as soon as the signal of the one who began them fires. */
function setUp(options: { fails?: () => Error; nameless?: boolean } = {}) {
  const gate: Gate = createGate();
  const began: string[] = [];
  const load = async ({ name, signal }: Context): Promise<string> => {
    began.push(name);
    const aborted = new Promise<never>((_, reject) => {
      const fail = (): void => reject(signal.reason as Error);
      if (signal.aborted) fail();
      else signal.addEventListener('abort', fail, { once: true });
    });
    await Promise.race([gate.wait(), aborted]);
    if (options.fails !== undefined) throw options.fails();
    return `loaded by ${name}`;
  };
  const cache: Cache<Context> = createCache<Context>({
    store: memoryStore(),
    environment: 'test',
    log: cacheLog(),
    prefetch: false,
    origins: {
      Row: {
        load: async (ids, context) => {
          const text = await load(context);
          return ids.map((id) => ({ id, text }));
        },
      },
    },
  });
  const resolve = (_: unknown, __: unknown, context: Context): Promise<string> => load(context);
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: { Query: { aside: resolve, warm: resolve } },
    }),
  );
  const viaGraphql =
    (source: string) =>
    async (contextValue: Context): Promise<Answer> => {
      const { data, errors } = await graphql({ schema, source, contextValue });
      const [value]: unknown[] = Object.values(JSON.parse(JSON.stringify(data)));
      const text = typeof value === 'object' && value !== null ? Reflect.get(value, 'text') : value;
      return { value: text, error: errors?.[0]?.message };
    };
  const viaFetch = async (context: Context): Promise<Answer> => {
    const { signal } = context;
    try {
      const given = options.nameless === true ? {} : { signal };
      return {
        value: await cache.fetch('Row:1', { ttl: 60, ...given }, () => load(context)),
        error: undefined,
      };
    } catch (error) {
      return { value: null, error: error instanceof Error ? error.message : String(error) };
    }
  };
  const reads = {
    CACHE_ASIDE: viaGraphql('{ aside }'),
    READ_THROUGH: viaGraphql('{ through(id: 1) { text } }'),
    PREFETCH: viaGraphql('{ warm }'),
    'cache.fetch': viaFetch,
  };
  return { reads, gate, began, cache };
}

function client(name: string): { context: Context; leave: (reason?: Error) => void } {
  const controller = new AbortController();
  return { context: { name, signal: controller.signal }, leave: (reason) => controller.abort(reason) };
}

/** Until everything that can go on has gone on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe.each(['CACHE_ASIDE', 'READ_THROUGH', 'PREFETCH', 'cache.fetch'] as const)(
  'a load of %s',
  (pattern) => {
    it('is led on by one of those who wait when its first caller leaves', async () => {
      const { reads, gate, began } = setUp();
      const read = reads[pattern];
      const [first, second, third] = [client('first'), client('second'), client('third')];
      const answers = [first, second, third].map(({ context }) => read(context));
      await gate.arrived();
      first.leave();
      // Again by one at a time, and again when that one leaves.
      await expect.poll(() => began).toHaveLength(2);
      const [next] = [second, third].filter(({ context }) => context.name === began[1]);
      next?.leave(new Error('the client has hung up'));
      await expect.poll(() => began).toHaveLength(3);
      gate.open();
      const [one, two, three] = await Promise.all(answers);
      expect(one?.error).toBe('This operation was aborted');
      const left = [two, three].filter((answer) => answer?.error === 'the client has hung up');
      expect(left).toHaveLength(1);
      const last = began[2] ?? '';
      expect([two, three]).toContainEqual({ value: `loaded by ${last}`, error: undefined });
      expect(new Set(began).size).toBe(3);
    });

    it('that fails at its origin fails for all who wait, so that a failing database meets no herd', async () => {
      const { reads, gate, began } = setUp({ fails: () => new Error('the database is away') });
      const answers = Array.from({ length: 20 }, (_, index) => reads[pattern](client(`${index}`).context));
      await gate.arrived();
      await turn();
      gate.open();
      for (const answer of await Promise.all(answers)) expect(answer?.error).toBe('the database is away');
      expect(began).toHaveLength(1);
    });

    it('that its origin always aborts by itself is tried again a few times, and then fails for all', async () => {
      const abort = (): Error => new DOMException('gave up', 'AbortError');
      const { reads, gate, began } = setUp({ fails: abort });
      const answers = Array.from({ length: 20 }, (_, index) => reads[pattern](client(`${index}`).context));
      await gate.arrived();
      await turn();
      gate.open();
      for (const answer of await Promise.all(answers)) expect(answer?.error).toBe('gave up');
      expect(began.length).toBeLessThanOrEqual(4);
    });
  },
);

describe('cache.fetch', () => {
  it('without a signal still leads on a load that was aborted', async () => {
    const { reads, gate, began } = setUp({ nameless: true });
    const [first, second] = [client('first'), client('second')];
    const answers = [first, second].map(({ context }) => reads['cache.fetch'](context));
    await gate.arrived();
    first.leave();
    await expect.poll(() => began).toEqual(['first', 'second']);
    gate.open();
    const [one, two] = await Promise.all(answers);
    expect(one?.error).toBe('This operation was aborted');
    expect(two).toEqual({ value: 'loaded by second', error: undefined });
  });
});
