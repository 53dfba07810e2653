import { isEnumType, type GraphQLSchema } from 'graphql';

/** The objects that are internal values of enums: an enum knows its values by identity, so that a copy of one is none. */
export function internalObjects(schema: GraphQLSchema): object[] {
  return Object.values(schema.getTypeMap())
    .filter(isEnumType)
    .flatMap((type) => type.getValues().map(({ value }): unknown => value))
    .filter((value): value is object => typeof value === 'object' && value !== null);
}
