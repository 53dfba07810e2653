import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore, type CacheOptions } from '../../../src/cache/index.js';

type Reference = Readonly<Record<string, unknown>>;

/** A subgraph with one entity, `Part`, whose resolver says what it was given. */
function subgraph(
  sdl: string,
  resolve: ((reference: Reference) => unknown) | undefined = ({ __typename, ...given }) => ({
    ...given,
    seen: JSON.stringify(given),
  }),
  options: Partial<CacheOptions<object>> = {},
) {
  const seen: string[] = [];
  const cache = createCache<object>({ store: memoryStore(), environment: 'test', ...options });
  onTestFinished(() => cache.close());
  const schema = cache.apply(
    buildSubgraphSchema({
      typeDefs: parse(`${cacheTypeDefs} ${sdl} type Organization { id: ID }`),
      resolvers: {
        Query: { part: () => ({ seen: 'by the field' }) },
        Mutation: { touch: () => true },
        ...(resolve && {
          Part: {
            __resolveReference: (reference: Reference) => {
              seen.push(JSON.stringify(reference));
              return resolve(reference);
            },
          },
        }),
      },
    }),
  );
  const run = async (source: string, variableValues?: Record<string, unknown>) => {
    const { data, errors } = await graphql({ schema, source, variableValues, contextValue: {} });
    expect(errors).toBeUndefined();
    return data;
  };
  const ask = async (...references: readonly Reference[]) => {
    const source = 'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Part { seen } } }';
    const of = references.map((reference) => ({ __typename: 'Part', ...reference }));
    const data = await run(source, { of });
    return Array.isArray(data?.['_entities'])
      ? data['_entities'].map((one: unknown) => Reflect.get(Object(one), 'seen') as unknown)
      : undefined;
  };
  return { ask, run, seen, cache };
}

const query = 'type Query { part(id: ID!): Part }';

describe('references by a key of several fields', () => {
  const acme = { id: '1', organization: { id: 'acme' } };
  const other = { id: '1', organization: { id: 'other' } };
  const inFull =
    'type Part @key(fields: "id organization { id }") @cached(ttl: 60, key: "Part:{parent.id}:{parent.organization.id}") ' +
    `{ id: ID! organization: Organization seen: String } ${query}`;

  it('have an entry each', async () => {
    const { ask, seen } = subgraph(inFull);
    for (let times = 0; times < 2; times += 1) {
      expect(await ask(acme)).toEqual([JSON.stringify(acme)]);
      expect(await ask(other)).toEqual([JSON.stringify(other)]);
    }
    expect(seen).toHaveLength(2);
  });

  it('hand on what the key names, and nothing of what is sent beside it', async () => {
    const { ask, seen } = subgraph(inFull);
    await ask({ ...acme, seen: 'made up', organization: { id: 'acme', name: 'made up' } });
    expect(seen).toEqual([JSON.stringify({ __typename: 'Part', ...acme })]);
  });

  it.each([
    [{ id: '1' }],
    [{ id: '1', organization: null }],
    [{ id: '1', organization: { id: null } }],
    [{ id: '1', organization: 'acme' }],
    [{ organization: { id: 'acme' } }],
  ])('have no entry where a part is missing: %j', async (reference) => {
    const { ask, seen } = subgraph(inFull);
    await ask(reference);
    await ask(reference);
    expect(seen).toEqual(
      Array.from({ length: 2 }, () => JSON.stringify({ __typename: 'Part', ...reference })),
    );
  });
});

describe('references by one of several keys', () => {
  const keys = '@key(fields: "id organization { id }") @key(fields: "id") @key(fields: "code")';
  const sdl = `type Part ${keys} @cached(ttl: 60) { id: ID code: ID organization: Organization seen: String } ${query}`;

  it('share the entry of the smallest key, and its load sees that key alone', async () => {
    const { ask, seen } = subgraph(sdl);
    for (const organization of [{ id: 'acme' }, { id: 'other' }, undefined])
      expect(await ask({ id: '1', ...(organization && { organization }) })).toEqual(['{"id":"1"}']);
    expect(seen).toHaveLength(1);
  });

  it('are resolved as they are by another key, also where the key of the cache is null', async () => {
    const { ask, seen } = subgraph(sdl.replace('ttl: 60', 'ttl: 60, key: "Part:{parent.id}"'));
    for (const reference of [{ code: 'a' }, { code: 'b' }, { id: null, code: 'a' }, { id: null, code: 'b' }])
      expect(await ask(reference)).toEqual([JSON.stringify(reference)]);
    expect(seen).toHaveLength(4);
  });

  it('are resolved as they are by another key where an origin loads the others', async () => {
    const asked: string[] = [];
    const load = (ids: readonly string[]) => {
      asked.push(...ids);
      return Promise.resolve(ids.map((id) => ({ id, seen: `row ${id}` })));
    };
    const { ask } = subgraph(
      sdl.replace('ttl: 60', 'ttl: 60, pattern: READ_THROUGH, key: "Part:{parent.id}"'),
      undefined,
      { origins: { Part: { load } } },
    );
    expect(await ask({ id: '1', organization: { id: 'acme' } }, { id: '1' })).toEqual(['row 1', 'row 1']);
    expect(await ask({ code: 'a' }, { id: null, code: 'b' })).toEqual([
      '{"code":"a"}',
      '{"id":null,"code":"b"}',
    ]);
    expect(asked).toEqual(['1']);
  });
});

describe('@cached is refused', () => {
  const load = (ids: readonly string[]) => Promise.resolve(ids);
  const product = '{ id: ID! tenant: ID! tags: [ID!] seen: String organization: Organization }';
  const needsKey = (key: string) =>
    `@cached on Part: needs a key, because no @key of Part is the id alone, which a default key holds; write ${key}`;

  it.each<[title: string, head: string, fault: string]>([
    [
      'without a key, where no @key is the id alone',
      '@key(fields: "id organization { id }") @cached(ttl: 60)',
      needsKey('key: "Part:{parent.id}:{parent.organization.id}"'),
    ],
    [
      'for one viewer, where no @key is the id alone',
      '@key(fields: "id tenant") @cached(ttl: 60, scope: PRIVATE)',
      needsKey('key: "Part:{parent.id}:{parent.tenant}:{viewer.id}"'),
    ],
    [
      'with a key that holds less than a @key',
      '@key(fields: "id tenant") @cached(ttl: 60, key: "Thing:{parent.id}")',
      '@cached on Part: key "Thing:{parent.id}" holds id, but no @key of Part has exactly that, so that references to different ' +
        'objects could share an entry; write key: "Thing:{parent.id}:{parent.tenant}"',
    ],
    [
      'with a key that holds more than each @key',
      '@key(fields: "id") @key(fields: "tenant") @cached(ttl: 60, key: "Part:{parent.id}:{parent.tenant}")',
      'holds id, tenant, but no @key of Part has exactly that, so that references to different objects could share an entry; ' +
        'write key: "Part:{parent.id}"',
    ],
    [
      'with a key that holds nothing of a reference',
      '@key(fields: "id") @cached(ttl: 60, key: "Part:one")',
      'key "Part:one" holds no field, but no @key of Part has exactly that',
    ],
    [
      'with an origin, which is asked by one id',
      '@key(fields: "id tenant") @cached(ttl: 60, pattern: READ_THROUGH, key: "Part:{parent.id}")',
      'write pattern: CACHE_ASIDE, key: "Part:{parent.id}:{parent.tenant}"',
    ],
    [
      'with an origin, where another @key has one id',
      '@key(fields: "id tenant") @key(fields: "tenant") @cached(ttl: 60, pattern: READ_THROUGH, key: "Part:{parent.id}")',
      'write key: "Part:{parent.tenant}"',
    ],
    [
      'where all @keys have lists',
      '@key(fields: "id tags") @cached(ttl: 60)',
      'needs a key, because no @key of Part is the id alone, which a default key holds; put @cached on fields of Part',
    ],
    [
      'with a tag of what is not in its key',
      '@key(fields: "id") @key(fields: "id tenant") @cached(ttl: 60, tags: ["Tenant:{parent.tenant}"])',
      'tag "Tenant:{parent.tenant}" has the placeholder {parent.tenant}, which the key of the entry does not hold; ' +
        'write a key that holds it, or leave out the tag',
    ],
  ])('%s', (_title, head, fault) => {
    expect(() =>
      subgraph(`type Part ${head} ${product} ${query}`, undefined, {
        origins: { Part: { load } },
        viewer: () => '1',
      }),
    ).toThrow(fault);
  });
});

describe('a value of a reference that is not of its declared kind', () => {
  const pairs: [type: string, one: unknown, other: unknown][] = [
    ['ID', 1, '1'],
    ['ID', true, 'true'],
    ['String', 1, '1'],
    ['Int', 1, '1'],
    ['Float', 1.5, '1.5'],
    ['Boolean', true, 'true'],
  ];

  it.each(pairs)('names another entry, of %s: %j and %j', async (type, one, other) => {
    for (const key of ['', ', key: "Part:{parent.id}"']) {
      const { ask, seen } = subgraph(
        `type Part @key(fields: "id") @cached(ttl: 60${key}) { id: ${type} seen: String } ${query}`,
      );
      for (const id of [one, other, one, other]) expect(await ask({ id })).toEqual([JSON.stringify({ id })]);
      expect(seen).toHaveLength(2);
    }
  });

  it.each(pairs)('meets the tag of its row, of %s: %j and %j', async (type, one, other) => {
    const { ask, run, seen } = subgraph(
      `type Part @key(fields: "id") @cached(ttl: 60, key: "Part:{parent.id}") { id: ${type} seen: String } ${query}
       type Mutation { touch(id: ID!): Boolean @invalidates(tags: ["Part:{args.id}"]) }`,
    );
    await ask({ id: one }, { id: other });
    await run(`mutation { touch(id: ${JSON.stringify(other)}) }`);
    await ask({ id: one }, { id: other });
    expect(seen).toHaveLength(4);
  });

  it.each([
    ['ID', '1'],
    ['Int', 1],
  ])('names the entry of a field with the same key where it is of that kind: %s', async (type, id) => {
    const { ask, run, seen } = subgraph(
      `type Part @key(fields: "id") @cached(ttl: 60, key: "Part:{parent.id}") { id: ${type} seen: String }
       type Query { part(id: ${type}): Part @cached(ttl: 60, key: "Part:{args.id}") }`,
    );
    await run(`{ part(id: ${JSON.stringify(id)}) { seen } }`);
    expect(await ask({ id })).toEqual(['by the field']);
    expect(seen).toEqual([]);
  });
});
