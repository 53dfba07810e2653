import {
  getNamedType,
  isEnumType,
  isListType,
  isNonNullType,
  isSpecifiedScalarType,
  type FieldNode,
  type GraphQLField,
  type GraphQLInputType,
  type ValueNode,
} from 'graphql';
import type { ArgumentsPlan } from './plan.js';

/** How the arguments of a field are made for each call of its resolver. */
export function argumentsPlanOf(
  { args }: GraphQLField<unknown, unknown>,
  { arguments: given = [] }: FieldNode,
): ArgumentsPlan {
  if (args.length === 0) return 'none';
  const areFlat = given.every(({ name, value }) => {
    const argument = args.find((one) => one.name === name.value);
    return argument === undefined || isFlat(value, argument.type);
  });
  return areFlat ? 'flat' : 'each';
}

/** Variables and defaults are handed to every call by graphql-js too; of literals only those that cannot be changed are. */
function isFlat({ kind }: ValueNode, type: GraphQLInputType): boolean {
  if (kind === 'Variable' || kind === 'NullValue') return true;
  const nullable = isNonNullType(type) ? type.ofType : type;
  if (isListType(nullable)) return false;
  const named = getNamedType(nullable);
  return isEnumType(named) || isSpecifiedScalarType(named);
}
