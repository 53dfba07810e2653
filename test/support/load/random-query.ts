import fc from 'fast-check';
import {
  getNamedType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

/** Draws values while a property runs; what was drawn is printed and shrunk by fast-check. */
export type Draw = fc.GeneratorValue;

export interface RandomQueryOptions {
  readonly schema: GraphQLSchema;
  /** The literal of an argument, such as `42` or `"drama"`. */
  readonly literal: (draw: Draw, coordinate: string, argument: GraphQLArgument) => string;
  /** Levels of selections below the root fields. */
  readonly maxDepth: number;
  /** Fields that are never asked for, `Query.x`. */
  readonly without?: ReadonlySet<string>;
}

const MAX_FIELDS = 4;

/** A valid query over a schema: some fields, some aliases, some inline fragments, arguments as `literal` says. */
export function randomQuery(draw: Draw, options: RandomQueryOptions): string {
  const query = options.schema.getQueryType();
  if (query === undefined || query === null) throw new Error('a schema without queries has no random query');
  return `query Random ${selection(draw, query, { ...options, depth: options.maxDepth })}`;
}

type Selecting = RandomQueryOptions & { readonly depth: number };

function selection(draw: Draw, type: GraphQLObjectType, options: Selecting): string {
  const fields = Object.values(type.getFields()).filter(
    (field) =>
      options.without?.has(`${type.name}.${field.name}`) !== true &&
      (options.depth > 0 || isLeafType(getNamedType(field.type))),
  );
  // Numbers are drawn, not fields: fast-check compares and prints what it draws.
  const all = fields.map((_, index) => index);
  const chosen = draw(fc.subarray<number>, all, {
    minLength: 1,
    maxLength: Math.min(MAX_FIELDS, all.length),
  });
  const texts = chosen.flatMap((index) => {
    const field = fields[index];
    return field === undefined ? [] : [fieldText(draw, { type, field, index }, options)];
  });
  if (draw(fc.nat, { max: 4 }) > 0) return `{ ${texts.join(' ')} }`;
  return `{ __typename ... on ${type.name} { ${texts.join(' ')} } }`;
}

interface Chosen {
  readonly type: GraphQLObjectType;
  readonly field: GraphQLField<unknown, unknown>;
  /** Keeps the aliases of one selection apart. */
  readonly index: number;
}

function fieldText(draw: Draw, { type, field, index }: Chosen, options: Selecting): string {
  const coordinate = `${type.name}.${field.name}`;
  const given = field.args.filter((argument) => isRequiredArgument(argument) || draw(fc.boolean));
  const literals = given.map(
    (argument) => `${argument.name}: ${options.literal(draw, coordinate, argument)}`,
  );
  const args = literals.length === 0 ? '' : `(${literals.join(', ')})`;
  const named = getNamedType(field.type);
  const below = isObjectType(named)
    ? ` ${selection(draw, named, { ...options, depth: options.depth - 1 })}`
    : '';
  const alias = draw(fc.nat, { max: 5 }) === 0 ? `a${index}: ` : '';
  return `${alias}${field.name}${args}${below}`;
}
