import { printSchemaWithDirectives } from '@graphql-tools/utils';
import { buildSchema, GraphQLInt, GraphQLObjectType, GraphQLSchema, specifiedDirectives } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheDirectives, cacheTypeDefs, createCache, memoryStore } from '../../../src/cache/index.js';
import { corral } from '../../support/run-corral.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function applied(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) field.resolve = () => 1;
  const cache = createCache({ store: memoryStore(), fetches: ['B'] });
  onTestFinished(() => cache.close());
  return cache.apply(schema);
}

const codeFirst = (): GraphQLSchema =>
  new GraphQLSchema({
    directives: [...specifiedDirectives, ...cacheDirectives],
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        a: { type: GraphQLInt, extensions: { directives: { cached: { ttl: 5, tags: ['B'] } } } },
      },
    }),
  });

describe('the SDL of a schema that is cached', () => {
  it.each([
    ['in SDL', () => buildSchema(`${cacheTypeDefs} type Query { a: Int @cached(ttl: 5, tags: ["B"]) }`)],
    ['code-first', codeFirst],
  ])('keeps the directives and their definitions where it was written %s', async (_, make) => {
    const printed = printSchemaWithDirectives(applied(make()));
    expect(printed).toMatch(/a: Int\s+@cached\(ttl: 5, tags: \["B"\]\)/);
    expect(printed).toContain('directive @cached(');
    // What reads it finds the same fields there as in the schema that was printed.
    const folder = await temporaryFolder({ 'printed.graphql': printed });
    const fields: unknown = JSON.parse((await corral(['fields', folder, '--json'])).out);
    expect(fields).toMatchObject([{ coordinate: 'Query.a', ttl: 5, tags: ['B'] }]);
  });

  it('can be read by tools beside what corral directives prints', async () => {
    const { out } = await corral(['directives']);
    expect(() => buildSchema(`${out} type Query { a: Int @cached(ttl: 5) }`)).not.toThrow();
  });
});
