import { buildSchema, GraphQLEnumType, GraphQLInt, GraphQLList, GraphQLNonNull } from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  coerceInput,
  defaultOf,
  noVariables,
  withSources,
} from '../../../src/cache/directives/graphql-versions.js';

describe('variables of two versions of graphql', () => {
  const ofSeventeen = { coerced: { x: true }, sources: { x: { value: true } } };

  it('have their sources since 17, and are handed on as they are', () => {
    expect(withSources(ofSeventeen, true)).toBe(ofSeventeen);
    expect(withSources(noVariables(true), true)).toEqual({ coerced: {}, sources: {} });
  });

  it('are values by their names in 16, whatever the names are', () => {
    expect(withSources({ x: true }, false)).toEqual({ coerced: { x: true }, sources: {} });
    expect(withSources(ofSeventeen, false)).toEqual({ coerced: ofSeventeen, sources: {} });
    expect(withSources(noVariables(false), false)).toEqual({ coerced: {}, sources: {} });
  });

  it('may be values by their names with an executor of others', () => {
    expect(withSources({ coerced: true }, true)).toEqual({ coerced: { coerced: true }, sources: {} });
  });
});

describe('values of arguments', () => {
  it.each([
    ['a: Int', undefined],
    ['a: Int!', undefined],
    ['a: Int = 10', 10],
    ['a: Int! = 10', 10],
    ['a: Int = null', null],
    ['a: [E!]! = [ONE]', ['ONE']],
    ['a: I = { b: 2 }', { b: 2, c: 3 }],
  ])('have their defaults: %s', (argument, expected) => {
    const schema = buildSchema(
      `type Query { f(${argument}): Int } enum E { ONE } input I { b: Int c: Int = 3 }`,
    );
    const [defined] = schema.getQueryType()?.getFields()['f']?.args ?? [];
    expect(defined && defaultOf(defined)).toEqual(expected);
  });

  it('are what their type makes of them, or what is wrong', () => {
    const Color = new GraphQLEnumType({ name: 'Color', values: { RED: { value: 7 } } });
    expect(coerceInput('RED', Color)).toEqual({ value: 7 });
    expect(coerceInput(1, new GraphQLList(GraphQLInt))).toEqual({ value: [1] });
    expect(coerceInput(null, GraphQLInt)).toEqual({ value: null });
    expect(coerceInput('1', GraphQLInt).fault).toContain('Int');
    expect(coerceInput([1, 'x'], new GraphQLList(new GraphQLNonNull(GraphQLInt))).fault).toBeDefined();
  });
});
