import {
  type DocumentNode,
  type GraphQLSchema,
  getVariableValues,
  GraphQLError,
  type OperationDefinitionNode,
} from 'graphql';
import { getComplexity } from 'graphql-query-complexity';
import { limitExceeded } from '../api-errors/api-error.js';
import { fieldCost } from './field-cost.js';
import { sizesOf, sizeVariables } from './size-variables.js';

/** One operation as it is about to run. */
export interface PreparedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

interface KnownCosts {
  readonly names: readonly string[];
  readonly costs: Map<string, number>;
}

/** Costs that are remembered for one document; clients that vary sizes wildly are computed again. */
const MOST_COSTS = 200;

/**
 * Estimates what operations cost. Documents are parsed once and come back as the same object, so their cost is
 * remembered: a repeated operation costs a look-up, and not a walk through its fields.
 */
export function createCostEstimate(schema: GraphQLSchema): (prepared: PreparedOperation) => number {
  const known = new WeakMap<DocumentNode, KnownCosts>();
  return (prepared) => {
    const { document, operation, variables } = prepared;
    let costsOfDocument = known.get(document);
    if (costsOfDocument === undefined) {
      costsOfDocument = { names: sizeVariables(document), costs: new Map() };
      known.set(document, costsOfDocument);
    }
    const { names, costs } = costsOfDocument;
    const shape = `${operation.name?.value ?? ''} ${sizesOf(names, variables)}`;
    const remembered = costs.get(shape);
    if (remembered !== undefined) return remembered;
    const cost = computeCost(schema, prepared);
    if (cost === undefined) return 0;
    if (costs.size < MOST_COSTS) costs.set(shape, cost);
    return cost;
  };
}

/** Undefined where variables are wrong: then nothing will run, and the executor says why. */
function computeCost(
  schema: GraphQLSchema,
  { document, operation, variables }: PreparedOperation,
): number | undefined {
  const coerced = getVariableValues(schema, operation.variableDefinitions ?? [], variables, { maxErrors: 1 });
  if (coerced.errors !== undefined) return undefined;
  try {
    return getComplexity({
      schema,
      query: document,
      variables,
      estimators: [fieldCost],
      ...(operation.name === undefined ? {} : { operationName: operation.name.value }),
    });
  } catch (error) {
    // A valid document that cannot be counted has more than 10,000 fields once its fragments are spread out.
    if (!(error instanceof GraphQLError)) throw error;
    throw limitExceeded('The operation has too many fields; ask in several operations.');
  }
}
