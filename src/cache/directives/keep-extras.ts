import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/**
 * Keeps whatever else hangs on a schema, its types and their fields: `resolveReference` of a federated type, a replaced
 * `serialize` of an enum, marks of other libraries. A schema that is built anew knows only what the constructors take.
 */
export function keepExtras(from: GraphQLSchema, to: GraphQLSchema): GraphQLSchema {
  copyExtras(from, to);
  for (const [name, type] of Object.entries(to.getTypeMap())) {
    const before = from.getType(name);
    if (before !== undefined && before !== type) keepExtrasOfType(before, type);
  }
  for (const directive of to.getDirectives()) {
    const before = from.getDirective(directive.name);
    copyExtras(before, directive);
    keepArguments(before, directive);
  }
  return to;
}

function keepExtrasOfType(from: GraphQLNamedType, to: GraphQLNamedType): void {
  copyExtras(from, to);
  if (isEnumType(from) && isEnumType(to)) {
    for (const value of to.getValues()) copyExtras(from.getValue(value.name), value);
    return;
  }
  const fieldsBefore = fieldsOf(from);
  for (const [name, field] of Object.entries(fieldsOf(to))) {
    const before = fieldsBefore[name];
    copyExtras(before, field);
    keepDefaults(before, field);
    keepArguments(before, field);
  }
}

function keepArguments(from: Partial<Field> | null | undefined, to: Partial<Field>): void {
  for (const argument of to.args ?? []) {
    const before = from?.args?.find((one) => one.name === argument.name);
    copyExtras(before, argument);
    keepDefaults(before, argument);
  }
}

/** Since graphql 17 it is the second. */
const DEFAULTS = ['defaultValue', 'default'] as const;

/**
 * `mapSchema` hands defaults to their scalars once more, as if a client had sent them: of 150 cents it makes 15000 where a scalar reads
 * what is written in euros.
 */
function keepDefaults(from: object | undefined, to: object): void {
  if (from === undefined || from === to) return;
  for (const name of DEFAULTS) if (name in from && name in to) Reflect.set(to, name, Reflect.get(from, name));
}

interface Field {
  readonly name: string;
  readonly args?: readonly { readonly name: string }[];
}

function fieldsOf(type: GraphQLNamedType): Readonly<Record<string, Field>> {
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? type.getFields() : {};
}

/** What the copy has already is its own: it has been made for it. */
function copyExtras(from: object | null | undefined, to: object): void {
  if (from === undefined || from === null || from === to) return;
  for (const name of Reflect.ownKeys(from)) {
    const property = Object.getOwnPropertyDescriptor(from, name);
    if (property !== undefined && !Object.hasOwn(to, name)) Object.defineProperty(to, name, property);
  }
}
