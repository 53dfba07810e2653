import SchemaBuilder from '@pothos/core';
import DirectivesPlugin from '@pothos/plugin-directives';
import FederationPlugin from '@pothos/plugin-federation';
import { graphql, specifiedDirectives, type GraphQLSchema } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheDirectives, createCache, memoryStore } from '../../src/cache/index.js';
import '../../src/cache/pothos/index.js';

/** Other tests use the plugin for scopes, whose types are global; it is not used here. */
const options = { scopeAuth: { authScopes: () => ({}) } };

interface Film {
  id: string;
  title: string;
}
interface Types {
  Objects: { Film: Film };
  Context: { viewer?: string };
}

/** A code-first schema with a film that can be renamed, and what was loaded so far. */
function films() {
  const loads: string[] = [];
  const titles = new Map([['1', 'Vagabond']]);
  const builder = new SchemaBuilder<Types>(options);
  builder.objectType('Film', {
    fields: (t) => ({
      id: t.exposeID('id'),
      title: t.exposeString('title'),
      similar: t.stringList({
        cached: { ttl: 60 },
        args: { first: t.arg.int({ defaultValue: 2 }) },
        resolve: ({ id }, { first }) => {
          loads.push(`similar(${id},${first})`);
          return ['Cléo', 'Daguerréotypes'].slice(0, first ?? 0);
        },
      }),
    }),
  });
  builder.queryType({
    fields: (t) => ({
      film: t.field({
        type: 'Film',
        nullable: true,
        args: { id: t.arg.id({ required: true }) },
        cached: { ttl: 60, pattern: 'READ_THROUGH', key: 'Film:{args.id}' },
        resolve: () => null,
      }),
      mine: t.string({
        cached: { ttl: 60, scope: 'PRIVATE' },
        resolve: (_, __, { viewer }) => {
          loads.push(`mine(${viewer})`);
          return `for ${viewer}`;
        },
      }),
    }),
  });
  builder.mutationType({
    fields: (t) => ({
      rename: t.boolean({
        args: { id: t.arg.id({ required: true }), title: t.arg.string({ required: true }) },
        invalidates: { tags: ['Film:{args.id}'] },
        resolve: (_, { id, title }) => titles.set(String(id), title).size > 0,
      }),
    }),
  });
  const load = (ids: readonly string[]) => {
    loads.push(`Film[${ids.join(',')}]`);
    return Promise.resolve(ids.map((id) => (titles.has(id) ? { id, title: titles.get(id) } : null)));
  };
  const cache = createCache<Types['Context']>({
    store: memoryStore(),
    environment: 'test',
    viewer: ({ viewer }) => viewer,
    origins: { Film: { load } },
  });
  onTestFinished(() => cache.close());
  const schema = cache.apply(builder.toSchema());
  const ask = async (source: string, viewer?: string): Promise<unknown> => {
    const { data, errors } = await graphql({
      schema,
      source,
      contextValue: viewer === undefined ? {} : { viewer },
    });
    expect(errors).toBeUndefined();
    return JSON.parse(JSON.stringify(data));
  };
  return { ask, loads, cache };
}

describe('a schema of Pothos', () => {
  it('has fields that are cached by an option of their own, and mutations that invalidate', async () => {
    const { ask, loads } = films();
    const source = '{ film(id: "1") { title similar } }';
    const cold = { film: { title: 'Vagabond', similar: ['Cléo', 'Daguerréotypes'] } };
    for (let times = 0; times < 3; times += 1) expect(await ask(source)).toEqual(cold);
    expect(loads).toEqual(['Film[1]', 'similar(1,2)']);
    await ask('mutation { rename(id: "1", title: "Sans toit ni loi") }');
    expect(await ask(source)).toMatchObject({ film: { title: 'Sans toit ni loi' } });
    expect(loads).toEqual(['Film[1]', 'similar(1,2)', 'Film[1]']);
  });

  it('keeps viewers apart', async () => {
    const { ask, loads } = films();
    for (const viewer of ['ann', 'ben', 'ann', 'ben'])
      expect(await ask('{ mine }', viewer)).toEqual({ mine: `for ${viewer}` });
    expect(loads).toEqual(['mine(ann)', 'mine(ben)']);
  });

  it('tells the compiler what an option may be', () => {
    const builder = new SchemaBuilder(options);
    builder.queryType({
      fields: (t) => ({
        // @ts-expect-error: there is no such pattern
        wrong: t.int({ cached: { ttl: 60, pattern: 'ASIDE' }, resolve: () => 1 }),
        // @ts-expect-error: a ttl must be given
        missing: t.int({ cached: {}, resolve: () => 1 }),
      }),
    });
    expect(() => faultsOf(builder.toSchema())).toThrow(/Argument "pattern" has invalid value "ASIDE"/);
    expect(() => faultsOf(builder.toSchema())).toThrow(/Argument "ttl" of required type "Int!"/);
  });

  it.each<[what: string, given: object, fault: string]>([
    [
      'that is no object',
      { cached: true },
      '@cached on Query.a: extensions.pothosOptions.cached must be an object with the arguments, but is none',
    ],
    [
      'with an argument that does not exist',
      { cached: { ttl: 60, time: 3 } },
      '@cached on Query.a: has no argument "time"; it takes ttl, pattern',
    ],
    [
      'that stands in the extensions too',
      { cached: { ttl: 60 }, extensions: { directives: { cached: { ttl: 60 } } } },
      '@cached on Query.a: stands there more than once; keep one',
    ],
    [
      'for a plugin that is not there',
      { directives: { cached: { ttl: 60 } } },
      '@cached on Query.a: the option directives is not read without @pothos/plugin-directives; write the option cached: { … }',
    ],
  ])('is refused with an option %s', (_what, given, fault) => {
    const builder = new SchemaBuilder(options);
    builder.queryType({ fields: (t) => ({ a: t.int({ resolve: () => 1, ...given }) }) });
    expect(() => faultsOf(builder.toSchema())).toThrow(fault);
  });

  it('may use the plugin for directives instead, with the definitions', () => {
    interface WithDirectives {
      Directives: { cached: { locations: 'FIELD_DEFINITION'; args: { ttl: number } } };
    }
    const builder = new SchemaBuilder<WithDirectives>({ ...options, plugins: [DirectivesPlugin] });
    builder.queryType({
      fields: (t) => ({ a: t.int({ resolve: () => 1, directives: { cached: { ttl: 60 } } }) }),
    });
    const cache = createCache({ store: memoryStore() });
    cache.apply(builder.toSchema({ directives: [...specifiedDirectives, ...cacheDirectives] }));
    expect(cache.stats.fields()).toMatchObject([{ coordinate: 'Query.a', ttl: 60 }]);
  });

  it('is refused with the option on a type', () => {
    const builder = new SchemaBuilder(options);
    builder.queryType({ ...{ cached: { ttl: 60 } }, fields: (t) => ({ a: t.int({ resolve: () => 1 }) }) });
    expect(() => faultsOf(builder.toSchema())).toThrow(
      '@cached on Query: stands on fields, and on types with a @key, only',
    );
  });
});

describe('a subgraph of Pothos', () => {
  it('has entities that are cached by an option of their type', async () => {
    const loads: string[] = [];
    const builder = new SchemaBuilder<Types>({ ...options, plugins: [FederationPlugin] });
    const film = builder.objectType('Film', {
      cached: { ttl: 60, key: 'Film:{parent.id}' },
      fields: (t) => ({ id: t.exposeID('id'), title: t.exposeString('title') }),
    });
    builder.asEntity(film, {
      key: builder.selection<{ id: string }>('id'),
      resolveReference: ({ id }) => {
        loads.push(id);
        return { id, title: `film ${id}` };
      },
    });
    builder.queryType({
      fields: (t) => ({ film: t.field({ type: film, nullable: true, resolve: () => null }) }),
    });
    const cache = createCache({ store: memoryStore(), environment: 'test' });
    onTestFinished(() => cache.close());
    const schema = cache.apply(builder.toSubGraphSchema({}));
    const source =
      '{ _entities(representations: [{ __typename: "Film", id: "1" }, { __typename: "Film", id: "2" }]) { ... on Film { title } } }';
    for (let times = 0; times < 3; times += 1) {
      const { data } = await graphql({ schema, source, contextValue: {} });
      expect(data).toEqual({ _entities: [{ title: 'film 1' }, { title: 'film 2' }] });
    }
    expect(loads).toEqual(['1', '2']);
  });
});

function faultsOf(schema: GraphQLSchema): void {
  createCache({ store: memoryStore() }).apply(schema);
}
