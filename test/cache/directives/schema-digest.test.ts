import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs } from '../../../src/cache/index.js';
import { planSchema } from '../../../src/cache/directives/plan-schema.js';
import { schemaDigest } from '../../../src/cache/directives/schema-digest.js';
import { createVariants } from '../../../src/cache/vary/vary-options.js';
import { manualClock } from '../../support/manual-clock.js';
import { createFieldCounters } from '../../../src/cache/metrics/field-counters.js';

const TYPE_DEFS = `
  type Query { movie(id: ID!): Movie @cached(ttl: 60, key: "Movie:{args.id}") other: Other }
  type Movie { id: ID! title: String genre: Genre owner: Owner }
  type Owner { name: String }
  type Other { x: Int }
  enum Genre { DRAMA COMEDY }
`;

function digestOf(typeDefs: string): string {
  const schema = makeExecutableSchema({
    typeDefs: [cacheTypeDefs, typeDefs],
    resolvers: { Query: { movie: () => null } },
  });
  const plan = planSchema(schema, {
    origins: new Set(['Movie']),
    flushing: new Set(),
    hasJournal: true,
    knowsViewer: true,
    variants: createVariants(
      { vary: typeDefs.includes('vary:') ? { locale: () => 'de' } : {} },
      { warn: () => undefined, error: () => undefined },
    ),
    varyAll: [],
    authorizes: false,
    clock: manualClock(),
    countersOf: createFieldCounters,
    onUnnamed: () => undefined,
    onUnnamedByParent: () => undefined,
  });
  expect(plan.faults).toEqual([]);
  return schemaDigest(schema, plan);
}

const changed = (from: string, to: string): string => {
  expect(TYPE_DEFS).toContain(from);
  return digestOf(TYPE_DEFS.replace(from, to));
};

describe('the digest of a schema', () => {
  it.each([
    ['the type of a field of a cached type', 'title: String', 'title: Int'],
    ['a field that is new', 'title: String', 'title: String year: Int'],
    ['a type further down', 'name: String', 'name: [String]'],
    ['the values of an enum', 'DRAMA COMEDY', 'DRAMA'],
    ['the key', 'Movie:{args.id}', 'Film:{args.id}'],
    ['the type of the cached field', 'ID!): Movie', 'ID!): [Movie]'],
    ['what the field varies by', 'ttl: 60', 'ttl: 60, vary: ["locale"]'],
  ])('changes with %s', (_what, from, to) => {
    expect(changed(from, to)).not.toBe(digestOf(TYPE_DEFS));
  });

  it.each([
    ['what is not cached', 'type Other { x: Int }', 'type Other { x: Int y: Int }'],
    ['the order of fields', 'id: ID! title: String', 'title: String id: ID!'],
    ['how long entries live', 'ttl: 60', 'ttl: 90'],
  ])('stays the same with %s', (_what, from, to) => {
    expect(changed(from, to)).toBe(digestOf(TYPE_DEFS));
  });

  it('is short enough to read in a key', () => {
    expect(digestOf(TYPE_DEFS)).toMatch(/^[0-9a-f]{12}$/);
  });

  it('changes with an entity that references resolve to', () => {
    const entity = (fields: string): string =>
      digestOf(`
        directive @key(fields: String!) repeatable on OBJECT
        type Query { movie: Movie }
        type Movie @key(fields: "id") @cached(ttl: 60, pattern: READ_THROUGH, key: "Movie:{parent.id}") { ${fields} }
      `);
    expect(entity('id: ID! title: String')).toBe(entity('title: String id: ID!'));
    expect(entity('id: ID! title: String')).not.toBe(entity('id: ID! title: Int'));
  });
});
