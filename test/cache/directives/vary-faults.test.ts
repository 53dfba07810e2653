import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import {
  CacheError,
  cacheTypeDefs,
  createCache,
  memoryStore,
  type CacheOptions,
} from '../../../src/cache/index.js';

type Options = Partial<CacheOptions<unknown>>;

const vary = { tenant: () => 'acme', locale: () => 'de' };

/** What `createCache` or `apply` says; undefined where both agree. */
function refusal(fields: string, options: Options, more = ''): string | undefined {
  const typeDefs = [cacheTypeDefs, `type Query { ${fields} } ${more}`];
  const resolve = (): string => 'x';
  const resolvers = { Query: { a: resolve, b: resolve } };
  const flush = (): Promise<void> => Promise.resolve();
  try {
    const cache = createCache({
      store: memoryStore(),
      viewer: () => undefined,
      origins: { Row: { flush } },
      ...options,
    });
    cache.apply(
      makeExecutableSchema({
        typeDefs,
        resolvers,
        resolverValidationOptions: { requireResolversToMatchSchema: 'ignore' },
      }),
    );
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    expect(error.code).toBe('CACHE_CONFIGURATION');
    return error.message;
  }
  return undefined;
}

const both = 'b: String @cached(ttl: 5, vary: ["tenant", "locale"])';

describe('what entries vary by', () => {
  it.each([
    [
      'a name that is misspelt',
      `a: String @cached(ttl: 5, vary: ["tennant"]) ${both}`,
      { vary },
      '@cached on Query.a: vary names "tennant", which createCache does not declare in vary (did you mean "tenant"?)',
    ],
    [
      'a name where nothing is declared',
      'a: String @cached(ttl: 5, vary: ["tenant"])',
      {},
      '@cached on Query.a: vary names "tenant", but createCache declares nothing to vary by; pass vary: { tenant: (context) => … }',
    ],
    [
      'a declared name by which no field varies',
      'a: String @cached(ttl: 5, vary: ["tenant"])',
      { vary },
      'vary.locale: no @cached field varies by it; name it in @cached(vary: ["locale"]), or remove it from createCache',
    ],
    [
      'a PRIVATE field that names one',
      `a: String @cached(ttl: 5, scope: PRIVATE, vary: ["tenant"]) ${both}`,
      { vary },
      "@cached on Query.a: has scope: PRIVATE, so that its entries are the viewer's own already; remove vary, or name it in varyAll of createCache where one viewer can have several values",
    ],
    [
      'sameFor with a name by which nothing varies unasked',
      `a: String @cached(ttl: 5, sameFor: ["locale"]) ${both}`,
      { vary, varyAll: ['tenant'] },
      '@cached on Query.a: sameFor names "locale", which is not in varyAll of createCache, so no field varies by it unasked (there is only tenant)',
    ],
    [
      'a name in vary and in sameFor',
      `a: String @cached(ttl: 5, vary: ["tenant"], sameFor: ["tenant"]) ${both}`,
      { vary, varyAll: ['tenant'] },
      '@cached on Query.a: names "tenant" in vary and in sameFor; keep one of them',
    ],
    [
      'fields that share keys and vary differently',
      `a: String @cached(ttl: 5, key: "Row", vary: ["tenant"]) b: String @cached(ttl: 5, key: "Row", vary: ["locale"])`,
      { vary },
      '@cached on Query.b: shares the key "Row" with Query.a, but their vary differs (locale and tenant); make them equal, or give one of them another key',
    ],
    [
      'a function with a name that cannot be',
      both,
      { vary: { ...vary, 'Tenant-Id': () => 'x' } },
      'createCache: vary.Tenant-Id must have a name of letters and digits that begins with a small letter, such as "tenant"',
    ],
    [
      'varyAll with a name that is not declared',
      both,
      { vary, varyAll: ['lokale'] },
      'createCache: varyAll names "lokale", which is not declared in vary (did you mean "locale"?)',
    ],
    [
      'varyTags with a name that is not declared',
      both,
      { varyTags: ['tenant'] },
      'createCache: varyTags names "tenant", which is not declared in vary; pass vary: { tenant: (context) => … }',
    ],
    [
      'vary that is no object of functions',
      both,
      JSON.parse('{ "vary": { "tenant": "acme" } }') as Options,
      'createCache: vary must be an object with a function for each name, but got an object',
    ],
    [
      'a field that is kept warm, without a word in which variants',
      `a: String @cached(ttl: 5, pattern: PREFETCH, vary: ["locale"]) ${both}`,
      { vary },
      '@cached on Query.a: pattern PREFETCH loads before anyone asks, and the field varies by locale; pass warmVariants: [{ locale: … }] to createCache, or name them in sameFor or not in vary',
    ],
    [
      'a field that is kept warm in variants that lack a name',
      `a: String @cached(ttl: 5, pattern: PREFETCH, vary: ["locale"]) ${both}`,
      { vary, warmVariants: [{ locale: 'de' }, { tenant: 'acme' }] },
      'warmVariants: Query.a varies by locale, which one of the variants does not name; write { locale: … }, undefined for none',
    ],
    [
      'warmVariants of another kind',
      both,
      JSON.parse('{ "warmVariants": "de" }') as Options,
      'createCache: warmVariants must be a list of objects such as { locale: "de" }, or a function that makes one, but got "de"',
    ],
  ])('is refused at the start: %s', (_what, fields, options: Options, message) => {
    expect(refusal(fields, options)).toContain(message);
  });

  it('is not for what is written behind: neither writes nor reads, and varyAll is named', () => {
    const write = (more: string): string =>
      `type Mutation { write(id: ID!): String @cached(ttl: 5, pattern: WRITE_BEHIND, key: "Row:{args.id}"${more}) }`;
    const read = 'a(id: ID!): String @cached(ttl: 5, key: "Row:x:{args.id}", vary: ["locale"])';
    expect(refusal(read, { vary: { locale: vary.locale } }, write(''))).toContain(
      '@cached on Query.a: cannot vary (locale), because the namespace "Row" is written behind and a pending write holds the ' +
        "state of its writer's variant only; remove it from vary, or name it in sameFor",
    );
    expect(refusal(both, { vary, varyAll: ['tenant'] }, write(''))).toContain(
      '@cached on Mutation.write: pattern WRITE_BEHIND cannot vary (tenant), because a pending write is read by all and holds ' +
        'the state of its writer\'s variant only; add sameFor: ["tenant"], or use WRITE_THROUGH',
    );
    expect(refusal(both, { vary, varyAll: ['tenant'] }, write(', sameFor: ["tenant"]'))).toBeUndefined();
  });

  it('is read from the extensions of a code-first schema as well', () => {
    const schema = makeExecutableSchema({ typeDefs: [cacheTypeDefs, `type Query { a: String ${both} }`] });
    const { a, b } = schema.getQueryType()?.getFields() ?? {};
    for (const field of [a, b]) if (field !== undefined) field.resolve = () => 'x';
    const applied = (cached: Readonly<Record<string, unknown>>) => () => {
      if (a !== undefined) a.extensions = { directives: { cached: { ttl: 5, ...cached } } };
      createCache({ store: memoryStore(), vary }).apply(schema);
    };
    expect(applied({ vary: ['lokale'] })).toThrow('vary names "lokale"');
    expect(applied({ vary: 7 })).toThrow('Argument "vary" has invalid value 7.');
    expect(applied({ vary: ['locale'] })).not.toThrow();
  });

  it('is accepted where all is well, PRIVATE fields under varyAll too', () => {
    const fields = `a: String @cached(ttl: 5, scope: PRIVATE) ${both}`;
    expect(refusal(fields, { vary, varyAll: ['tenant'], varyTags: ['tenant'] })).toBeUndefined();
  });
});
