import { isCompositeType, type GraphQLInputType, type GraphQLSchema } from 'graphql';
import { ArgumentWriter } from './argument-writer.js';
import type { Features } from './features.js';
import type { Random } from './seeded-random.js';
import { SelectionWriter } from './selection-writer.js';

/** A variable that a request may give. */
export interface VariablePlan {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly hasDefault: boolean;
}

export interface OperationPlan {
  readonly name: string;
  readonly variables: readonly VariablePlan[];
}

/** A document with one operation or two that share its fragments. */
export interface DocumentPlan {
  readonly source: string;
  readonly operations: readonly OperationPlan[];
}

export interface DocumentOptions {
  readonly random: Random;
  readonly schema: GraphQLSchema;
  readonly features: Features;
}

const QUERY_DEPTH = 4;
const MUTATION_DEPTH = 2;
const FRAGMENT_DEPTH = 2;

export function generateQuery(options: DocumentOptions): DocumentPlan {
  const count = options.random.chance(0.2) ? 2 : 1;
  const names = ['One', 'Two'].slice(0, count);
  return generateDocument(options, names, 'query', QUERY_DEPTH);
}

export function generateMutation(options: DocumentOptions): DocumentPlan {
  return generateDocument(options, ['Write'], 'mutation', MUTATION_DEPTH);
}

function generateDocument(
  { random, schema, features }: DocumentOptions,
  names: readonly string[],
  kind: 'query' | 'mutation',
  depth: number,
): DocumentPlan {
  const root = kind === 'query' ? schema.getQueryType() : schema.getMutationType();
  if (!isCompositeType(root)) throw new Error(`the schema has no ${kind}`);
  const args = new ArgumentWriter(random);
  const writer = new SelectionWriter({ random, schema, features, args });
  if (features.fragments) for (let count = 0; count < 4; count += 1) writer.addFragment(FRAGMENT_DEPTH);
  const bodies = names.map((name) => ({ name, body: writer.selection(root, depth) }));
  const used = writer.fragmentsUsedBy(bodies.map(({ body }) => body).join(' '));
  const operations = bodies.map(({ name, body }) => {
    const texts = [body, ...writer.fragmentsUsedBy(body)].join(' ');
    return { name, body, variables: args.variablesIn(texts) };
  });
  const source = operations
    .map(({ name, body, variables }) => `${kind} ${name}${args.declarations(variables)} ${body}`)
    .concat(used)
    .join('\n');
  return { source, operations };
}
