import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  graphql,
  GraphQLInt,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  isIntrospectionType,
  isObjectType,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  CacheError,
  cacheTypeDefs,
  createCache,
  memoryStore,
  type CacheOptions,
} from '../../../src/cache/index.js';

const origin = { load: (ids: readonly string[]) => Promise.resolve(ids) };

function faultsOf(typeDefs: string, options: Partial<CacheOptions<unknown>> = {}): string[] {
  const resolve = (): string => 'x';
  const schema = makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], assumeValidSDL: true });
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type) || type.name === 'Bare') continue;
    for (const field of Object.values(type.getFields())) field.resolve = resolve;
  }
  const cache = createCache({
    store: memoryStore(),
    viewer: () => undefined,
    origins: { Film: origin },
    ...options,
  });
  return faultsFrom(() => cache.apply(schema));
}

function faultsFrom(apply: () => unknown): string[] {
  try {
    apply();
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    expect(error.code).toBe('CACHE_CONFIGURATION');
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, ''));
  }
  return [];
}

const FILM = 'type Film { id: ID! title: String! }';

describe('a schema with ten planted faults', () => {
  it('does not start, and lists them all together, each with its field and the mend', () => {
    const faults = faultsOf(`
      type Film { id: ID! title: String! }
      type Person { name: String! }
      interface Node { id: ID! @cached(ttl: 5) }
      type Query {
        zero: String @cached(ttl: 0)
        typo(id: ID!): Film @cached(ttl: 5, key: "Typo:{args.idd}")
        shared(id: ID!): Film @cached(ttl: 5, key: "Shared:{args.id}")
        sharer(id: ID!): Person @cached(ttl: 5, key: "Shared:{args.id}")
        behind(id: ID!): Film @cached(ttl: 5, pattern: WRITE_BEHIND)
        homeless(id: ID!): Person @cached(ttl: 5, pattern: READ_THROUGH, key: "Person:{args.id}")
        long: String @cached(ttl: 5, local: 6)
        warm: String @cached(ttl: 5, scope: PRIVATE, pattern: PREFETCH)
        leaky(id: ID!): Film @cached(ttl: 5, scope: PRIVATE, key: "Leaky:{args.id}")
      }
      type Mutation { write(id: ID!): Film @invalidates(tags: ["Film:{result.slug}"]) }
    `);
    expect(faults).toEqual([
      '@cached on Node.id: pattern CACHE_ASIDE stands on Query fields and object fields only; put @cached on the fields of the object types',
      '@cached on Query.zero: ttl must be a positive whole number of seconds, but got 0',
      '@cached on Query.typo: key "Typo:{args.idd}" has the unknown placeholder {args.idd}; Query.typo has no such argument',
      '@cached on Query.behind: pattern WRITE_BEHIND stands on Mutation fields only; on this field use CACHE_ASIDE, READ_THROUGH or PREFETCH',
      '@cached on Query.homeless: no origin is registered for "Person"; pass origins: { Person: { load } } to createCache',
      '@cached on Query.long: local must not be longer than ttl, but got local: 6 and ttl: 5',
      '@cached on Query.warm: pattern PREFETCH loads before anyone asks, so it needs scope: PUBLIC',
      '@cached on Query.leaky: key "Leaky:{args.id}" of a PRIVATE field must contain {viewer.id}, so that viewers never share an entry',
      '@invalidates on Mutation.write: tag "Film:{result.slug}" has the unknown placeholder {result.slug}; Film has no such field',
      '@cached on Query.sharer: shares the key "Shared:{}" with Query.shared, but their type differs (Person and Film); make them equal, or give one of them another key',
    ]);
  });
});

describe('a directive is refused', () => {
  const cases: [title: string, typeDefs: string, fault: string][] = [
    [
      'with a negative swr',
      'type Query { a: String @cached(ttl: 5, swr: -1) }',
      '@cached on Query.a: swr must be 0 or a positive whole number of seconds, but got -1',
    ],
    [
      'with an argument that it does not have',
      'type Query { a: String @cached(ttl: 5, time: 3) }',
      '@cached on Query.a: has no argument "time"; it takes ttl, pattern, scope, key, tags, vary, sameFor, swr, staleIfError, softTimeoutMs, negativeTtl, refreshEvery, local, maxBytes',
    ],
    [
      'without a ttl',
      'type Query { a: String @cached(pattern: CACHE_ASIDE) }',
      '@cached on Query.a: Argument "ttl" of required type "Int!" was not provided.',
    ],
    [
      'with a ttl that is no number',
      'type Query { a: String @cached(ttl: "5") }',
      '@cached on Query.a: Argument "ttl" has invalid value "5". It must be of type Int!.',
    ],
    [
      'with a pattern that is misspelt',
      'type Query { a: String @cached(ttl: 5, pattern: READTHROUGH) }',
      '@cached on Query.a: Argument "pattern" has invalid value READTHROUGH. It must be one of CACHE_ASIDE, ' +
        'READ_THROUGH, WRITE_THROUGH, WRITE_BEHIND, PREFETCH, HYBRID (did you mean READ_THROUGH?).',
    ],
    [
      'with a scope that is a list',
      'type Query { a: String @cached(ttl: 5, scope: [PUBLIC]) }',
      '@cached on Query.a: Argument "scope" has invalid value [PUBLIC]. It must be one of PUBLIC, PRIVATE.',
    ],
    [
      'with a scope in quotes',
      'type Query { a: String @cached(ttl: 5, scope: "PRIVATE") }',
      '@cached on Query.a: Argument "scope" has invalid value "PRIVATE". Write it without quotes.',
    ],
    [
      'with a broken template',
      'type Query { a(x: Int): String @cached(ttl: 5, key: "A:{args.x") }',
      '@cached on Query.a: key "A:{args.x" has a "{" without a "}"',
    ],
    [
      'with a separator that only the engine may write',
      'type Query { a(x: Int): String @cached(ttl: 5, key: "A~{args.x}") }',
      '@cached on Query.a: key "A~{args.x}" has the text "A~", but outside of placeholders only letters, digits and _ . : / - can stand',
    ],
    [
      'with a viewer in the key of a PUBLIC field',
      'type Query { a: String @cached(ttl: 5, key: "A:{viewer.id}") }',
      '@cached on Query.a: uses {viewer.id}, but is PUBLIC; give it scope: PRIVATE',
    ],
    [
      'with another property of the viewer',
      'type Query { a: String @cached(ttl: 5, scope: PRIVATE, key: "A:{viewer.name}") }',
      '@cached on Query.a: key "A:{viewer.name}" has the unknown placeholder {viewer.name}; of the viewer only {viewer.id} can be used',
    ],
    [
      'with a result where there is none yet',
      'type Query { a: String @cached(ttl: 5, tags: ["A:{result.id}"]) }',
      '@cached on Query.a: tag "A:{result.id}" cannot use {result.id} here; only {args.x}, {parent.x}, {viewer.id} can stand there',
    ],
    [
      'with a parent on a root field',
      'type Query { a: String @cached(ttl: 5, key: "A:{parent.id}") }',
      '@cached on Query.a: key "A:{parent.id}" has the unknown placeholder {parent.id}; a root field has no parent',
    ],
    [
      'for READ_THROUGH without a key',
      `${FILM} type Query { a(id: ID!): Film @cached(ttl: 5, pattern: READ_THROUGH) }`,
      '@cached on Query.a: pattern READ_THROUGH needs a key that names the origin, for example key: "Movie:{args.id}"',
    ],
    [
      'for READ_THROUGH with two placeholders',
      `${FILM} type Query { a(id: ID!, x: Int): Film @cached(ttl: 5, pattern: READ_THROUGH, key: "Film:{args.id}:{args.x}") }`,
      '@cached on Query.a: key "Film:{args.id}:{args.x}" of READ_THROUGH must be a namespace, a colon and one placeholder: "Movie:{args.id}"',
    ],
    [
      'with a list placeholder on a field that is no list',
      `${FILM} type Query { a(ids: [ID!]!): Film @cached(ttl: 5, pattern: READ_THROUGH, key: "Film:{args.ids}") }`,
      '@cached on Query.a: key "Film:{args.ids}" has a list placeholder, but the field is not a list',
    ],
    [
      'with a list placeholder for CACHE_ASIDE',
      `${FILM} type Query { a(ids: [ID!]!): [Film] @cached(ttl: 5, key: "Film:{args.ids}") }`,
      '@cached on Query.a: key "Film:{args.ids}" has a list placeholder, one entry per element; that needs READ_THROUGH',
    ],
    [
      'on an object field whose parent has no id and that has no key',
      'type Query { a: A } type A { b: String @cached(ttl: 5) }',
      '@cached on A.b: needs a key, because its parent type has no field id; write for example key: "X:{parent.x}"',
    ],
    [
      'for CACHE_ASIDE on a field without a resolver',
      'type Query { a: Bare } type Bare { id: ID! b: String @cached(ttl: 5) }',
      '@cached on Bare.b: pattern CACHE_ASIDE needs a resolver that loads; write one, or use READ_THROUGH with an origin',
    ],
    [
      'on a mutation for a read pattern',
      'type Query { a: String } type Mutation { b: String @cached(ttl: 5) }',
      '@cached on Mutation.b: pattern CACHE_ASIDE stands on Query fields and object fields only; on this field use WRITE_THROUGH, HYBRID or WRITE_BEHIND',
    ],
    [
      'on a subscription',
      'type Query { a: String } type Subscription { b: String @cached(ttl: 5) }',
      '@cached on Subscription.b: pattern CACHE_ASIDE stands on Query fields and object fields only; remove @cached: Subscription fields cannot be cached',
    ],
    [
      'for @invalidates on a query',
      'type Query { a: String @invalidates(tags: ["A"]) }',
      '@invalidates on Query.a: stands on Mutation fields only; move it to the mutation that writes',
    ],
    [
      'for @invalidates without tags',
      'type Query { a: String } type Mutation { b: String @invalidates(tags: []) }',
      '@invalidates on Mutation.b: names no tags; write for example tags: ["Movie:{args.id}"]',
    ],
    [
      'with refreshEvery outside of PREFETCH',
      'type Query { a: String @cached(ttl: 5, refreshEvery: 3) }',
      '@cached on Query.a: refreshEvery is for pattern PREFETCH only; remove it, or use swr with CACHE_ASIDE',
    ],
    [
      'with a PREFETCH field that has no resolver',
      'schema { query: Bare } type Bare { a: String @cached(ttl: 5, pattern: PREFETCH) }',
      '@cached on Bare.a: pattern PREFETCH needs a resolver that loads; write one, or use READ_THROUGH with an origin',
    ],
    [
      'with a softTimeoutMs that has nothing to serve instead',
      'type Query { a: String @cached(ttl: 5, softTimeoutMs: 100) }',
      '@cached on Query.a: softTimeoutMs serves a stale value instead of a slow load, so it needs staleIfError: how old that may be',
    ],
    [
      'with a ttl of more than 45 days',
      'type Query { a: String @cached(ttl: 4000000) }',
      '@cached on Query.a: ttl must be at most 45 days (3888000 seconds), but got 4000000',
    ],
    [
      'for READ_THROUGH by an input object',
      `${FILM} input Which { id: ID! } type Query { a(which: Which!): Film @cached(ttl: 5, pattern: READ_THROUGH, key: "Film:{args.which}") }`,
      '@cached on Query.a: key "Film:{args.which}" names an object, but an origin is asked by ids; name one of its fields',
    ],
    [
      'when two placeholders could flow into one another',
      'type Query { a(x: ID!, y: ID!): String @cached(ttl: 5, key: "A:{args.x}-{args.y}") }',
      '@cached on Query.a: key "A:{args.x}-{args.y}" lets {args.x} and {args.y} flow into one another; put ":" or "/" between them',
    ],
    [
      'when its key can be the key of a field of another type',
      `${FILM} type Query {
        top: String @cached(ttl: 5, key: "Film:top")
        a(id: ID!): Film @cached(ttl: 5, key: "Film:{args.id}")
      }`,
      '@cached on Query.a: its key "Film:{}" can be one of Query.top, "Film:top", but their type differs (Film and String); make them equal, or give one of them another key',
    ],
    [
      'with a negativeTtl longer than ttl',
      'type Query { a: String @cached(ttl: 5, negativeTtl: 6) }',
      '@cached on Query.a: negativeTtl must not be longer than ttl, but got negativeTtl: 6 and ttl: 5',
    ],
    [
      'with maxBytes of nothing',
      'type Query { a: String @cached(ttl: 5, maxBytes: 0) }',
      '@cached on Query.a: maxBytes must be a positive whole number of bytes, but got 0',
    ],
    [
      'when fields that share a key differ in ttl',
      `${FILM} type Query {
        a(id: ID!): Film @cached(ttl: 5, pattern: READ_THROUGH, key: "Film:{args.id}")
        b(ids: [ID!]!): [Film] @cached(ttl: 6, pattern: READ_THROUGH, key: "Film:{args.ids}")
      }`,
      '@cached on Query.b: shares the key "Film:{}" with Query.a, but their ttl differs (6 and 5); make them equal, or give one of them another key',
    ],
  ];

  it.each(cases)('%s', (_title, typeDefs, fault) => {
    expect(faultsOf(typeDefs)).toEqual([fault]);
  });

  it('when it is PRIVATE and the cache was not told who the viewer is', () => {
    const typeDefs = 'type Query { a: String @cached(ttl: 5, scope: PRIVATE) }';
    const cache = createCache({ store: memoryStore() });
    const resolvers = { Query: { a: () => 'x' } };
    const schema = makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers });
    expect(faultsFrom(() => cache.apply(schema))).toEqual([
      '@cached on Query.a: has scope: PRIVATE, but createCache was given no viewer; pass viewer: (context) => …',
    ]);
  });

  it('when its definition is missing', () => {
    const schema = makeExecutableSchema({
      typeDefs: 'type Query { a: String @cached(ttl: 5) }',
      assumeValidSDL: true,
    });
    expect(faultsFrom(() => createCache({ store: memoryStore() }).apply(schema))).toEqual([
      '@cached on Query.a: is not defined; add cacheTypeDefs to the type definitions, or cacheDirectives to the directives of a code-first schema',
    ]);
  });
});

describe('a tag of @invalidates that no entry can have is refused', () => {
  const film = 'type Film { id: ID! title: String! }';
  const query = `type Query {
    film(id: ID!): Film @cached(ttl: 5, key: "Film:{args.id}", tags: ["Films"])
    top: Film @cached(ttl: 5, tags: ["Charts:{viewer.id}:films"], scope: PRIVATE)
  }`;
  const tagFaults = (mutation: string, options?: Partial<CacheOptions<unknown>>): string[] =>
    faultsOf(`${film} ${query} type Mutation { ${mutation} }`, options);

  it.each<[title: string, tag: string, fault: string]>([
    [
      'with the nearest namespace',
      'Flim:{args.id}',
      '(did you mean "Film"?); correct it, or pass fetches: ["Flim"] to createCache where only cache.fetch uses it',
    ],
    [
      'with all namespaces where none is near',
      'Session:{args.id}',
      '(there are Charts, Film and Films); correct it, or pass fetches: ["Session"] to createCache where only cache.fetch uses it',
    ],
    [
      'with the forms of its namespace where its own is none of them',
      'Film:{args.id}:title',
      '; those of "Film" are "Film:{args.id}"; correct it, or pass fetches: ["Film"] to createCache where only cache.fetch uses it',
    ],
    [
      'also without a placeholder',
      'Film',
      '; those of "Film" are "Film:{args.id}"; correct it, or pass fetches: ["Film"] to createCache where only cache.fetch uses it',
    ],
    ['also without a namespace', '{args.id}:{args.id}:{args.id}:x', '; correct it'],
  ])('%s', (_title, tag, fault) => {
    expect(tagFaults(`write(id: ID!): Film @invalidates(tags: ["${tag}"])`)).toEqual([
      `@invalidates on Mutation.write: tag "${tag}" cannot be a key or a tag of any @cached field, so it invalidates nothing` +
        (fault.startsWith(';') ? fault : ` ${fault}`),
    ]);
  });

  it('once for each tag, together with all other faults', () => {
    const mutation =
      'write(id: ID!): Film @cached(ttl: 0, pattern: WRITE_THROUGH, key: "Film:{args.id}") @invalidates(tags: ["Flims"]) ' +
      'drop(id: ID!): Film @invalidates(tags: ["Films", "Film:{result.id}", "Flims"]) @invalidates(tags: ["Chart:1:films"])';
    const fault = (coordinate: string, tag: string, meant: string): string =>
      `@invalidates on ${coordinate}: tag "${tag}" cannot be a key or a tag of any @cached field, so it invalidates nothing ` +
      `(did you mean "${meant}"?); correct it, or pass fetches: ["${tag.split(':')[0]}"] to createCache where only cache.fetch uses it`;
    expect(tagFaults(mutation).filter((line) => !line.includes('shares the key'))).toEqual([
      '@cached on Mutation.write: ttl must be a positive whole number of seconds, but got 0',
      fault('Mutation.write', 'Flims', 'Films'),
      fault('Mutation.drop', 'Flims', 'Films'),
      fault('Mutation.drop', 'Chart:1:films', 'Charts'),
    ]);
  });

  it('but not one that fields which write have, nor one that cache.fetch is declared to use', () => {
    const mutation =
      'add(id: ID!): Film @cached(ttl: 5, pattern: WRITE_THROUGH, key: "Added:{args.id}", tags: ["Latest"]) ' +
      'end(id: ID!): Film @invalidates(tags: ["Session:{args.id}", "Sessions", "Added:{args.id}", "Latest", "Charts:1:films"])';
    expect(tagFaults(mutation, { fetches: ['Session', 'Sessions'] })).toEqual([]);
  });

  it('but not beside a key that cannot be read, which is a fault of its own', () => {
    const typeDefs = `${film} type Query { film(id: ID!): Film @cached(ttl: 5, key: "Film:{args.id") }
      type Mutation { write(id: ID!): Film @invalidates(tags: ["Film:{args.id}"]) }`;
    expect(faultsOf(typeDefs)).toEqual([
      '@cached on Query.film: key "Film:{args.id" has a "{" without a "}"',
    ]);
  });
});

describe('a code-first schema', () => {
  const engineDirectives = makeExecutableSchema({
    typeDefs: [cacheTypeDefs, 'type Query { a: Int }'],
  }).getDirectives();

  const withExtensions = (extensions: object, definitions = engineDirectives): GraphQLSchema =>
    new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: { a: { type: GraphQLString, resolve: () => 'x', extensions: { ...extensions } } },
      }),
      mutation: new GraphQLObjectType({
        name: 'Mutation',
        fields: { b: { type: GraphQLString, resolve: () => 'x', extensions: { ...extensions } } },
      }),
      directives: definitions,
    });
  const codeFirst = (cached: unknown): GraphQLSchema =>
    new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: { a: { type: GraphQLString, resolve: () => 'x', extensions: { directives: { cached } } } },
      }),
      directives: engineDirectives,
    });
  const check = (schema: GraphQLSchema): string[] =>
    faultsFrom(() => createCache({ store: memoryStore() }).apply(schema));

  it('carries its directives in extensions', () => {
    const cache = createCache({ store: memoryStore() });
    expect(faultsFrom(() => cache.apply(codeFirst({ ttl: 5, swr: undefined })))).toEqual([]);
    expect(Object.keys(cache.stats.counters())).toEqual(['Query.a']);
    expect(cache.stats.fields()).toEqual([
      { coordinate: 'Query.a', pattern: 'CACHE_ASIDE', ttl: 5, swr: 0, vary: [] },
    ]);
  });

  it('may carry them as a list of names and arguments', () => {
    const cache = createCache({ store: memoryStore() });
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: {
          a: {
            type: GraphQLString,
            resolve: () => 'x',
            extensions: { directives: [{ name: 'cached', args: { ttl: 5 } }, { name: 'other' }] },
          },
        },
      }),
      directives: engineDirectives,
    });
    expect(faultsFrom(() => cache.apply(schema))).toEqual([]);
    expect(Object.keys(cache.stats.counters())).toEqual(['Query.a']);
  });

  it.each<[title: string, cached: unknown, fault: string]>([
    ['a ttl of 0', { ttl: 0 }, 'ttl must be a positive whole number of seconds, but got 0'],
    ['no ttl', { pattern: 'CACHE_ASIDE' }, 'Argument "ttl" of required type "Int!" was not provided.'],
    ['a ttl that is a text', { ttl: '5' }, 'Argument "ttl" has invalid value "5". It must be of type Int!.'],
    [
      'a scope that does not exist',
      { ttl: 5, scope: 'PRIVAT' },
      'Argument "scope" has invalid value "PRIVAT". It must be one of PUBLIC, PRIVATE (did you mean PRIVATE?).',
    ],
    [
      'a pattern that does not exist',
      { ttl: 5, pattern: 'ASIDE' },
      'Argument "pattern" has invalid value "ASIDE". It must be one of CACHE_ASIDE, READ_THROUGH, ' +
        'WRITE_THROUGH, WRITE_BEHIND, PREFETCH, HYBRID.',
    ],
    [
      'a tag that is no text',
      { ttl: 5, tags: [5] },
      'Argument "tags" has invalid value [5]. It must be of type [String!]!.',
    ],
    [
      'no arguments at all',
      true,
      'extensions.directives.cached must be an object with the arguments, but is none',
    ],
  ])('is checked like any other: %s', (_title, cached, fault) => {
    expect(check(codeFirst(cached))).toEqual([`@cached on Query.a: ${fault}`]);
  });

  it('reads one text where a list is wanted as a list of it, as SDL does', async () => {
    let loads = 0;
    const directives = {
      cached: { ttl: 5, tags: 'A:{args.id}', vary: 'tenant' },
      invalidates: [{ tags: ['B:{args.id}'] }, { tags: 'A:{args.id}' }],
    };
    const field = {
      type: GraphQLInt,
      args: { id: { type: GraphQLInt } },
      resolve: () => (loads += 1),
      extensions: { directives },
    };
    const schema = new GraphQLSchema({
      query: new GraphQLObjectType({
        name: 'Query',
        fields: { a: { ...field, extensions: { directives: { cached: directives.cached } } } },
      }),
      mutation: new GraphQLObjectType({
        name: 'Mutation',
        fields: { b: { ...field, extensions: { directives: { invalidates: directives.invalidates } } } },
      }),
    });
    const vary = { tenant: () => 'acme' };
    const cache = createCache({ store: memoryStore(), vary, fetches: ['B'] });
    const cached = cache.apply(schema);
    const read = () => graphql({ schema: cached, source: '{ a(id: 1) }', contextValue: {} });
    const values = [await read(), await read()];
    await graphql({ schema: cached, source: 'mutation { b(id: 1) }', contextValue: {} });
    values.push(await read());
    expect(values).toEqual([1, 1, 3].map((a) => ({ data: { a } })));
    expect(cache.stats.fields()).toEqual([
      { coordinate: 'Query.a', pattern: 'CACHE_ASIDE', ttl: 5, swr: 0, vary: ['tenant'] },
    ]);
  });

  it('needs no definitions for what stands in extensions', () => {
    const cached = { directives: { cached: { ttl: 0 }, invalidates: { tag: ['A'] } } };
    const faults = check(withExtensions(cached, []));
    expect(faults).toContain('@cached on Query.a: ttl must be a positive whole number of seconds, but got 0');
    expect(faults).toContain('@invalidates on Mutation.b: has no argument "tag"; it takes tags');
  });

  it('is left alone with what others write into extensions', () => {
    const extensions = {
      cached: true,
      cacheControl: { maxAge: 5 },
      directives: { cacheControl: { maxAge: 5 }, cache: { maxAge: 5 }, deprecated: {}, cached: null },
    };
    expect(check(withExtensions(extensions))).toEqual([]);
  });

  it('is refused where a directive stands on a type', () => {
    const onType = (extensions: object): string[] =>
      check(
        new GraphQLSchema({
          query: new GraphQLObjectType({
            name: 'Query',
            fields: { a: { type: GraphQLString } },
            extensions: { ...extensions },
          }),
          directives: engineDirectives,
        }),
      );
    const sentence =
      '@cached on Query: stands on fields, and on types with a @key, only; move it to the fields of Query';
    expect(onType({ directives: { cached: { ttl: 5 } } })).toEqual([sentence]);
    expect(onType({ cached: { ttl: 5 } })).toEqual([sentence]);
    expect(onType({ cached: true })).toEqual([]);
  });
});

it('refuses tags of @invalidates that another definition makes something else than a list', () => {
  const typeDefs = `
    directive @invalidates(tags: String!) on FIELD_DEFINITION
    type Query { a: String }
    type Mutation { b: String @invalidates(tags: "A:1") }
  `;
  const faults = faultsFrom(() =>
    createCache({ store: memoryStore() }).apply(makeExecutableSchema({ typeDefs })),
  );
  expect(faults).toEqual([
    '@invalidates on Mutation.b: is not defined as in cacheTypeDefs; use that definition, and no other',
  ]);
});

describe('a schema that was not validated', () => {
  const unvalidated = (typeDefs: string): string[] => {
    const resolvers = { Query: { a: () => 'x' } };
    const schema = makeExecutableSchema({ typeDefs, resolvers, assumeValidSDL: true });
    return faultsFrom(() => createCache({ store: memoryStore() }).apply(schema));
  };

  it('is refused where a directive stands on a type, or has nearly the right name', () => {
    const typeDefs = 'type Query @cached(ttl: 5) { a: String @cache(ttl: 5) }';
    expect(unvalidated(cacheTypeDefs + typeDefs)).toEqual([
      '@cached on Query: stands on fields, and on types with a @key, only; move it to the fields of Query',
      '@cache on Query.a: is not defined; did you mean @cached?',
    ]);
  });

  it('is refused where @cached is defined otherwise', () => {
    const typeDefs =
      'directive @cached(ttl: Int!) on FIELD_DEFINITION type Query { a: String @cached(ttl: 5) }';
    expect(unvalidated(typeDefs)).toEqual([
      '@cached on Query.a: is not defined as in cacheTypeDefs; use that definition, and no other',
    ]);
  });
});
