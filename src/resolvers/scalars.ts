import { GraphQLScalarType } from 'graphql';
import { GraphQLDate, GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars';

/** Money comes from the database as a BigInt; a number that JSON cannot carry exactly is an error, not a guess. */
const SafeInt = new GraphQLScalarType({
  ...GraphQLSafeInt.toConfig(),
  serialize: (value) => GraphQLSafeInt.serialize(typeof value === 'bigint' ? Number(value) : value),
});

/** A text in the answer, and not the Date itself: then all readers of a row may share it. */
const DateTime = new GraphQLScalarType({
  ...GraphQLDateTime.toConfig(),
  serialize: (value) => {
    const date: unknown = GraphQLDateTime.serialize(value);
    return date instanceof Date ? date.toISOString() : date;
  },
});

/** The scalars of the schema, by name. */
export const scalars = { Date: GraphQLDate, DateTime, SafeInt };
