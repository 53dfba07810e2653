import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { LookAhead } from '../../../src/cache/directives/look-ahead.js';
import { cacheLog } from '../../support/cache-log.js';
import { testCache } from '../../support/test-cache.js';

interface Reader {
  viewer?: string;
}

const typeDefs = /* GraphQL */ `
  interface Item {
    id: ID!
    note: String
  }
  interface Folder {
    items: [Item!]!
  }
  type Article implements Item {
    id: ID!
    note: String @cached(ttl: 60)
  }
  type Message implements Item {
    id: ID!
    note: String @cached(ttl: 60, scope: PRIVATE)
  }
  type News implements Folder {
    id: ID!
    items: [Article!]! @cached(ttl: 60)
  }
  type Inbox implements Folder {
    id: ID!
    items: [Message!]! @cached(ttl: 60, scope: PRIVATE)
  }
  type Query {
    folder(t: String!): Folder
  }
`;

/** One parsed document for every request, as servers keep it. */
function folders(environment: 'test' | 'production') {
  const log = cacheLog();
  const cache = createCache<Reader>({
    store: memoryStore(),
    viewer: ({ viewer }) => viewer,
    environment,
    log,
  });
  const note = (_: unknown, _args: unknown, { viewer }: Reader): string => `for ${viewer ?? 'nobody'}`;
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Folder: { __resolveType: ({ t }: { t: string }) => t },
        Item: { __resolveType: () => 'Article' },
        Query: { folder: (_: unknown, { t }: { t: string }) => ({ id: 'f', t }) },
        News: { items: () => [{ id: 'i' }] },
        Inbox: { items: () => [{ id: 'i' }] },
        Article: { note: () => 'for everybody' },
        Message: { note },
      },
    }),
  );
  const document = parse('query($t: String!) { folder(t: $t) { items { id note } } }');
  const read = async (viewer: string, t: string): Promise<unknown> => {
    const result = await execute({ schema, document, contextValue: { viewer }, variableValues: { t } });
    const folder: unknown = Reflect.get(Object(result.data), 'folder');
    const items: unknown = Reflect.get(Object(folder), 'items');
    return Array.isArray(items) ? Reflect.get(Object(items[0]), 'note') : result.errors;
  };
  return { read, log, cache };
}

describe('a parsed document that is used again', () => {
  it.each(['test', 'production'] as const)(
    'reads ahead for the type that the list has this time, in %s: nobody is given the note of another',
    async (environment) => {
      const { read, cache } = folders(environment);
      const answers = [];
      for (const [viewer, t] of [
        ['ann', 'News'],
        ['ann', 'Inbox'],
        ['bob', 'Inbox'],
        ['bob', 'News'],
        ['ann', 'Inbox'],
      ] as const) {
        answers.push(await read(viewer, t));
      }
      expect(answers).toEqual(['for everybody', 'for ann', 'for bob', 'for everybody', 'for ann']);
      expect(cache.stats.counters()['Message.note']).toMatchObject({ hits: 1, refused: 0 });
    },
  );
});

const boxes = /* GraphQL */ `
  interface Item {
    id: ID!
    score: Int
  }
  interface Box {
    items: [Item!]!
  }
  type Film implements Item {
    id: ID!
    score: Int @cached(ttl: 60)
  }
  type Song implements Item {
    id: ID!
    score: Int @cached(ttl: 60)
  }
  type Films implements Box {
    id: ID!
    items: [Film!]! @cached(ttl: 60)
  }
  type Songs implements Box {
    id: ID!
    items: [Song!]! @cached(ttl: 60)
  }
  type Query {
    boxes: [Box!]!
  }
`;

const boxResolvers = {
  Query: {
    boxes: () => [
      { id: 'b', __typename: 'Films' },
      { id: 'b', __typename: 'Songs' },
    ],
  },
  Films: { items: () => [{ id: '1' }] },
  Songs: { items: () => [{ id: '1' }] },
  Film: { score: () => 10 },
  Song: { score: () => 20 },
};
const SCORES = { boxes: [{ items: [{ id: '1', score: 10 }] }, { items: [{ id: '1', score: 20 }] }] };

describe('one request over lists of two types', () => {
  it('answers each type from its own entries', async () => {
    const { query } = testCache({ typeDefs: boxes, resolvers: boxResolvers });
    for (let times = 0; times < 3; times += 1) {
      expect((await query('{ boxes { items { id score } } }')).data).toEqual(SCORES);
    }
  });

  it('answers for lists in lists', async () => {
    const { query } = testCache({
      typeDefs: `type Film { id: ID! score: Int @cached(ttl: 60) } type Query { rows: [[Film!]!]! @cached(ttl: 60) }`,
      resolvers: { Query: { rows: () => [[{ id: '1' }], [{ id: '2' }]] }, Film: { score: () => 10 } },
    });
    const rows = [[{ score: 10 }], [{ score: 10 }]];
    for (let times = 0; times < 2; times += 1) {
      expect((await query('{ rows { score } }')).data).toEqual({ rows });
    }
  });
});

describe('what was read ahead for another policy', () => {
  /** Read-ahead as it would be if one field's entries reached another one. */
  async function withMixedPolicies<T>(read: () => Promise<T>): Promise<T> {
    const original = Object.getOwnPropertyDescriptor(LookAhead.prototype, 'of');
    const of = LookAhead.prototype.of;
    let first: Parameters<typeof of>[0] | undefined;
    LookAhead.prototype.of = function (policy, ...rest) {
      first ??= policy.coordinate === 'Film.a' ? policy : undefined;
      return of.call(this, policy.coordinate === 'Film.b' && first !== undefined ? first : policy, ...rest);
    };
    try {
      return await read();
    } finally {
      if (original !== undefined) Object.defineProperty(LookAhead.prototype, 'of', original);
    }
  }

  it('is refused, and told aloud in test', async () => {
    const { query, cache } = testCache({
      typeDefs: `type Film { id: ID! a: Int @cached(ttl: 60) b: Int @cached(ttl: 60) } type Query { films: [Film!]! @cached(ttl: 60) }`,
      resolvers: { Query: { films: () => [{ id: '1' }] }, Film: { a: () => 1, b: () => 2 } },
    });
    const { result } = await withMixedPolicies(() => query('{ films { a b } }'));
    expect(result.errors?.map(({ message }) => message)).toEqual([
      'Film.a: an entry was refused, because what was read ahead for Film.b reached it',
    ]);
    expect(cache.stats.counters()['Film.a']).toMatchObject({ refused: 1 });
  });
});
