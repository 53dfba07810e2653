import { GraphQLBoolean } from 'graphql';

const PREFIX = 'Boolean cannot represent a non boolean value: ';

/** A value as graphql-js writes it in its errors: it exports no function for that, so one of its own errors is asked. */
export function inspected(value: unknown): string {
  if (typeof value === 'boolean') return String(value);
  try {
    GraphQLBoolean.parseValue(value);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(PREFIX)) return error.message.slice(PREFIX.length);
    throw error;
  }
  return String(value);
}
