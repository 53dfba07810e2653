import { mapSchema, MapperKind } from '@graphql-tools/utils';
import SchemaBuilder from '@pothos/core';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import {
  buildSchema,
  defaultFieldResolver,
  graphql,
  type GraphQLDirective,
  type GraphQLFieldConfig,
  type GraphQLSchema,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore, type CacheOptions } from '../../../src/cache/index.js';
import { describeChecks, type Film, type Reader } from '../../contracts/checks-contract.js';

interface Types {
  Context: Reader;
  AuthScopes: { friend: boolean };
  Objects: { Film: Film };
}

const directives: readonly GraphQLDirective[] = buildSchema(
  `${cacheTypeDefs} type Query { a: Int }`,
).getDirectives();
const CACHED = { directives: { cached: { ttl: 60 } } };

function builderFor(isFriend: (context: Reader) => boolean) {
  const builder = new SchemaBuilder<Types>({
    plugins: [ScopeAuthPlugin],
    scopeAuth: { authScopes: (context) => ({ friend: isFriend(context) }) },
  });
  builder.queryType({});
  return builder;
}

const CHECKED = new Set(['Query.film', 'Film.notes']);

/** Pothos puts its checks into the resolvers that it builds: what stands outside of the cache is wrapped around it. */
function withCheckAround(schema: GraphQLSchema, mayRead: (context: Reader) => boolean): GraphQLSchema {
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<unknown, Reader>, field, type) => {
      if (!CHECKED.has(`${type}.${field}`)) return config;
      const { resolve = defaultFieldResolver } = config;
      return {
        ...config,
        resolve: (parent, args, context, info) => {
          if (!mayRead(context)) throw new Error('not for you');
          return resolve(parent, args, context, info);
        },
      };
    },
  });
}

describeChecks({
  name: "Pothos' scope-auth plugin",
  inside: {
    isRefused: true,
    faults: [
      /@cached on Query\.film: Pothos checks authScopes inside the resolver, which a hit skips; pass authorize to createCache/,
      /@cached on Film\.notes: Pothos checks authScopes inside the resolver, which a hit skips;/,
    ],
  },
  build: (order, { film, films, notes, mayRead, apply }) => {
    const builder = builderFor(mayRead);
    const scopes = order === 'inside' ? { authScopes: { friend: true } } : {};
    const Film = builder.objectType('Film', {
      fields: (t) => ({
        id: t.exposeID('id'),
        title: t.exposeString('title'),
        notes: t.string({
          nullable: true,
          ...scopes,
          extensions: CACHED,
          resolve: (parent) => notes(parent),
        }),
      }),
    });
    builder.queryFields((t) => ({
      film: t.field({
        type: Film,
        nullable: true,
        ...scopes,
        args: { id: t.arg.id({ required: true }) },
        extensions: CACHED,
        resolve: (_, { id }) => film(String(id)),
      }),
      films: t.field({ type: [Film], resolve: () => [...films()] }),
    }));
    const schema = builder.toSchema({ directives: [...directives] });
    return order === 'inside' ? apply(schema) : withCheckAround(apply(schema), mayRead);
  },
});

describe('the marks of Pothos', () => {
  type Builder = ReturnType<typeof builderFor>;
  const faultOf = (
    define: (builder: Builder) => void,
    options: Partial<CacheOptions<Reader>> = {},
  ): string => {
    const builder = builderFor(() => true);
    define(builder);
    const cache = createCache<Reader>({
      store: memoryStore(),
      viewer: ({ viewer }) => viewer?.id,
      ...options,
    });
    try {
      cache.apply(builder.toSchema({ directives: [...directives] }));
      return 'none';
    } catch (error) {
      return String(error);
    }
  };
  const withTypeScopes =
    (type: object, field: object = {}) =>
    (builder: Builder): void => {
      const Film = builder.objectType('Film', {
        authScopes: { friend: true },
        ...type,
        fields: (t) => ({
          id: t.exposeID('id'),
          notes: t.string({ ...field, extensions: CACHED, resolve: () => '' }),
        }),
      });
      builder.queryFields((t) => ({
        film: t.field({ type: Film, resolve: () => ({ id: '1', title: '' }) }),
      }));
    };
  const CHECKS = '@cached on Film.notes: Pothos checks authScopes inside the resolver';

  it('are found on the type of a field, unless the field or the type says that its resolver does not check them', () => {
    expect(faultOf(withTypeScopes({}))).toContain(CHECKS);
    expect(faultOf(withTypeScopes({}, { skipTypeScopes: true }))).toBe('none');
    expect(faultOf(withTypeScopes({ runScopesOnType: true }))).toBe('none');
  });

  it('are found on the interfaces of a type', () => {
    const withInterface =
      (type: object) =>
      (builder: Builder): void => {
        const Node = builder.interfaceRef<Film>('Node').implement({
          authScopes: { friend: true },
          fields: (t) => ({ id: t.exposeID('id') }),
        });
        withTypeScopes({ authScopes: undefined, interfaces: [Node], ...type })(builder);
      };
    expect(faultOf(withInterface({}))).toContain(CHECKS);
    expect(faultOf(withInterface({ skipInterfaceScopes: true }))).toBe('none');
  });

  it('do no harm on a PRIVATE field, whose entry is of one viewer who has passed the check, nor with authorize', () => {
    const mine = { extensions: { directives: { cached: { ttl: 60, scope: 'PRIVATE' } } } };
    const field = (extra: object) => (builder: Builder) =>
      builder.queryFields((t) => ({
        mine: t.string({ authScopes: { friend: true }, ...extra, resolve: () => '' }),
      }));
    expect(faultOf(field(mine))).toBe('none');
    expect(faultOf(field({ extensions: CACHED }))).toContain('@cached on Query.mine: Pothos checks');
    expect(faultOf(field({ extensions: CACHED }), { authorize: () => true })).toBe('none');
  });

  it('are refused on a READ_THROUGH field whatever its scope, as its resolver never runs', () => {
    const origins = { Note: { load: (ids: readonly string[]) => Promise.resolve(ids) } };
    const define =
      (cached: object) =>
      (builder: Builder): void => {
        builder.queryFields((t) => ({
          note: t.string({
            authScopes: { friend: true },
            args: { id: t.arg.id({ required: true }) },
            extensions: { directives: { cached: { ttl: 60, pattern: 'READ_THROUGH', ...cached } } },
            resolve: () => '',
          }),
        }));
      };
    const fault =
      '@cached on Query.note: Pothos checks authScopes inside the resolver, which READ_THROUGH never runs;';
    expect(faultOf(define({ key: 'Note:{args.id}' }), { origins })).toContain(fault);
    expect(faultOf(define({ key: 'Note:{viewer.id}', scope: 'PRIVATE' }), { origins })).toContain(fault);
  });

  it('tell of scopes that a hit would not grant, with authorize too', () => {
    const define = (builder: Builder): void => {
      builder.queryFields((t) => ({
        mine: t.string({ grantScopes: ['reader'], extensions: CACHED, resolve: () => '' }),
      }));
    };
    expect(faultOf(define, { authorize: () => true })).toContain(
      '@cached on Query.mine: Pothos grants its grantScopes inside the resolver, which a hit skips, so that fields below it would be refused',
    );
  });
});

describe('the scopes that Pothos has loaded once for a request', () => {
  it('are asked by no other field of it, so that only authorize keeps a stranger from what was stored', async () => {
    let loads = 0;
    const build = (cache: ReturnType<typeof createCache<Reader>>) => {
      const builder = builderFor(({ viewer }) => viewer?.isFriend === true);
      builder.queryFields((t) => ({
        hello: t.string({ authScopes: { friend: true }, nullable: true, resolve: () => 'hello' }),
        secret: t.string({
          authScopes: { friend: true },
          nullable: true,
          extensions: CACHED,
          resolve: () => `secret ${(loads += 1)}`,
        }),
      }));
      return cache.apply(builder.toSchema({ directives: [...directives] }));
    };
    const ask = (schema: GraphQLSchema, contextValue: Reader) =>
      graphql({ schema, source: '{ hello secret }', contextValue });
    const options = {
      store: memoryStore(),
      viewer: ({ viewer }: Reader) => viewer?.id,
      environment: 'test',
    } as const;
    const friend = (): Reader => ({ viewer: { id: 'ann', isFriend: true } });
    const stranger = (): Reader => ({ viewer: { id: 'sly', isFriend: false } });

    // Nothing of the viewer is read within the load of `secret`: its scopes are there since `hello`.
    const open = build(createCache<Reader>({ ...options, authorize: () => true }));
    expect((await ask(open, friend())).data).toEqual({ hello: 'hello', secret: 'secret 1' });
    expect((await ask(open, stranger())).data).toEqual({ hello: null, secret: 'secret 1' });

    const authorize = (_coordinate: string, _parent: unknown, _args: object, { viewer }: Reader): boolean =>
      viewer?.isFriend === true;
    const closed = build(createCache<Reader>({ ...options, store: memoryStore(), authorize }));
    expect((await ask(closed, friend())).data).toEqual({ hello: 'hello', secret: 'secret 2' });
    expect((await ask(closed, friend())).data).toEqual({ hello: 'hello', secret: 'secret 2' });
    expect((await ask(closed, stranger())).data).toEqual({ hello: null, secret: null });
  });
});
