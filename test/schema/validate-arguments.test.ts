import { makeExecutableSchema } from '@graphql-tools/schema';
import { describe, expect, it } from 'vitest';
import { isId } from '../../src/schema/argument-checks.js';
import { validateArguments } from '../../src/schema/validate-arguments.js';

const typeDefs = 'type Query { film(id: ID): String other(id: ID): String }';
const answer = (): string => 'Vertigo';
const inner = makeExecutableSchema({ typeDefs, resolvers: { Query: { film: answer, other: answer } } });
const schema = validateArguments(inner, { 'Query.film': { id: isId } });

function call(field: string, args: Record<string, unknown>): unknown {
  const resolve = schema.getQueryType()?.getFields()[field]?.resolve;
  if (resolve === undefined) throw new Error(`Query.${field} has no resolver.`);
  // The resolvers here look at their arguments only.
  return Reflect.apply(resolve, undefined, [undefined, args, undefined, undefined]);
}

describe('the checks around a field', () => {
  it('hand a value on as a value: what the cache answers at once is answered at once', () => {
    expect(call('film', { id: '1' })).toBe('Vertigo');
  });

  it('refuse before the field is asked', () => {
    expect(() => call('film', { id: 'x' })).toThrow(
      'The argument "id" must be a whole number from 1 to 2147483647.',
    );
  });

  it('let an argument be absent', () => {
    expect(call('film', {})).toBe('Vertigo');
  });

  it('leave fields without rules as they are', () => {
    const other = inner.getQueryType()?.getFields()['other']?.resolve;
    expect(schema.getQueryType()?.getFields()['other']?.resolve).toBe(other);
  });
});
