import type { DirectiveNode, OperationDefinitionNode } from 'graphql';

/** What decides about a part of the document: a variable, or a constant. */
export type Condition = { readonly variable: string } | boolean;

/** What `if` of `@skip` or `@include` is; undefined where it is neither a variable nor true or false. */
export function conditionOf({ arguments: args }: DirectiveNode): Condition | undefined {
  const given = args?.find(({ name }) => name.value === 'if')?.value;
  if (given?.kind === 'BooleanValue') return given.value;
  return given?.kind === 'Variable' ? { variable: given.name.value } : undefined;
}

/**
 * The values of the variables that decide, as bits: the document is compiled once for each that comes. Undefined where one
 * is not given as true or false, and has no such default: graphql-js knows what becomes of those.
 */
export function bitsOf(
  names: readonly string[],
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): number | undefined {
  let bits = 0;
  for (const [place, name] of names.entries()) {
    const value = Object.hasOwn(given, name) ? given[name] : defaultOf(name, variableDefinitions);
    if (typeof value !== 'boolean') return undefined;
    if (value) bits |= 1 << place;
  }
  return bits;
}

function defaultOf(
  name: string,
  definitions: NonNullable<OperationDefinitionNode['variableDefinitions']>,
): boolean | undefined {
  const given = definitions.find(({ variable }) => variable.name.value === name)?.defaultValue;
  return given?.kind === 'BooleanValue' ? given.value : undefined;
}
