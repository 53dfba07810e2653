import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLScalarType, parse, validate, type DocumentNode, type GraphQLSchema } from 'graphql';
import { cacheTypeDefs, type MemoryStoreOptions } from '../../src/cache/index.js';
import type { Features } from './features.js';
import { generateMutation, generateQuery, type DocumentPlan } from './generate-document.js';
import { generateSchema } from './generate-schema.js';
import { generateSteps, type Step } from './generate-steps.js';
import { makeResolvers } from './make-resolvers.js';
import type { SchemaPlan } from './schema-plan.js';
import { seededRandom } from './seeded-random.js';

/** A document that is parsed once and executed many times. */
export interface ParsedDocument extends DocumentPlan {
  readonly parsed: DocumentNode;
}

/** A schema, documents over it, and what becomes of them in which order; all of it follows from the seed. */
export interface GeneratedCase {
  readonly seed: number;
  readonly plan: SchemaPlan;
  /** Not cached. */
  readonly schema: GraphQLSchema;
  readonly queries: readonly ParsedDocument[];
  readonly mutations: readonly ParsedDocument[];
  readonly steps: readonly Step[];
  /** Coordinates that go past the cache. */
  readonly disabled: readonly string[];
  /** Of the store in memory. */
  readonly bounds: MemoryStoreOptions;
  /** Whether fields have code around them: see `withCodeAround`. */
  readonly hasCodeAround: boolean;
}

const QUERIES = 8;
const MUTATIONS = 5;

export function generateCase(seed: number, features: Features, executions: number): GeneratedCase {
  const random = seededRandom(seed);
  const plan = generateSchema(random, features);
  const schema = executable(plan, features);
  const options = { random, schema, features };
  const queries = validDocuments(schema, QUERIES, () => generateQuery(options));
  const mutations = features.writes ? validDocuments(schema, MUTATIONS, () => generateMutation(options)) : [];
  const steps = generateSteps({ random, features, queries, mutations, executions });
  const cached = [...plan.fields.values()].filter(({ directives }) => directives.includes('@cached'));
  const switchable = cached.map(({ coordinate }) => coordinate);
  const disabled = features.settings && random.chance(0.2) ? random.some(switchable, 0.1) : [];
  const bounds = features.settings && random.chance(0.1) ? { maxEntries: 40 } : {};
  const hasCodeAround = features.codeAround;
  return { seed, plan, schema, queries, mutations, steps, disabled, bounds, hasCodeAround };
}

function executable(plan: SchemaPlan, features: Features): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: [cacheTypeDefs, plan.sdl],
    resolvers: {
      ...makeResolvers(plan, features),
      Mood: { CALM: 'calm', WILD: 2, ODD: 'Odd' },
      Date: dateScalar,
      JSON: new GraphQLScalarType({ name: 'JSON' }),
    },
  });
}

const dateScalar = new GraphQLScalarType({
  name: 'Date',
  serialize: (value) => {
    if (value instanceof Date) return value.toISOString();
    throw new Error(`a Date was expected, but got ${typeof value}`);
  },
  parseValue: (value) => new Date(String(value)),
});

/** Documents that GraphQL accepts: a few selections cannot be merged, and are drawn again. */
function validDocuments(schema: GraphQLSchema, count: number, draw: () => DocumentPlan): ParsedDocument[] {
  const documents: ParsedDocument[] = [];
  for (let tries = 0; documents.length < count && tries < count * 10; tries += 1) {
    const plan = draw();
    const parsed = parse(plan.source);
    if (validate(schema, parsed).length === 0) documents.push({ ...plan, parsed });
  }
  if (documents.length === 0) throw new Error('no valid document could be generated');
  return documents;
}
