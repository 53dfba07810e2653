import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLString,
  type GraphQLLeafType,
} from 'graphql';
import type { PlainLeaf } from './plan.js';

/** As they were when this was loaded: a scalar that serialises by another function is not one of GraphQL's own. */
const BUILT_IN = new Map(
  (
    [
      [GraphQLString, 'text'],
      [GraphQLID, 'text'],
      [GraphQLInt, 'int'],
      [GraphQLFloat, 'float'],
      [GraphQLBoolean, 'boolean'],
    ] as const
  ).map(([type, plain]) => [type.name, { serialize: type.serialize, plain }]),
);

/** By which look at a value it is known to leave unchanged; `none` for scalars of others, and for enums. */
export function plainLeafOf({ name, serialize }: GraphQLLeafType): PlainLeaf {
  const builtIn = BUILT_IN.get(name);
  return builtIn?.serialize === serialize ? builtIn.plain : 'none';
}

/** Whether a value of a scalar of GraphQL's own leaves as it is. Anything else is serialised. */
export function isPlain(leaf: PlainLeaf, value: unknown): boolean {
  switch (leaf) {
    case 'text':
      return typeof value === 'string';
    case 'int':
      return typeof value === 'number' && (value | 0) === value;
    case 'float':
      return typeof value === 'number' && value - value === 0;
    case 'boolean':
      return typeof value === 'boolean';
    case 'none':
      return false;
  }
}
