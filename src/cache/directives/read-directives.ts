import {
  getArgumentValues,
  getNamedType,
  GraphQLError,
  isEnumType,
  isRequiredArgument,
  print,
  type ConstDirectiveNode,
  type GraphQLArgument,
  type GraphQLDirective,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { nearestName } from '../nearest-name.js';
import type { CachedArguments } from '../policy/field-site.js';
import { codeFirstUses, isObject, type PlacedUse } from './extension-directives.js';
import { coerceInput, defaultOf, isOfArgument } from './graphql-versions.js';
import { strayDirectives } from './stray-directives.js';
import { cacheDirectives } from './type-defs.js';

/** The engine's directives on one field, with their arguments checked and their defaults filled in. */
export interface FieldDirectives {
  readonly cached: CachedArguments | undefined;
  /** The tags of all `@invalidates` together; undefined where there is none. */
  readonly invalidates: readonly string[] | undefined;
  /** Each a whole sentence. */
  readonly faults: readonly string[];
}

type Arguments = Readonly<Record<string, unknown>>;

const NONE: FieldDirectives = Object.freeze({ cached: undefined, invalidates: undefined, faults: [] });

/** Reads `@cached` and `@invalidates` of a field: from its SDL, or from `extensions.directives` of code-first schemas. */
export function readDirectives(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  coordinate: string,
): FieldDirectives {
  const nodes = field.astNode?.directives ?? [];
  const at = { schema, nodes, extensions: field.extensions, coordinate };
  const cached = readCached(at);
  const invalidating = readInvalidates(at);
  const strays = strayDirectives(schema, field, coordinate);
  if (cached === undefined && invalidating === undefined && strays.length === 0) return NONE;
  const faults = [...(cached?.faults ?? []), ...(invalidating?.faults ?? []), ...strays];
  return {
    cached: cached?.cached,
    invalidates: invalidating?.tags,
    faults,
  };
}

/** Reads `@cached` of an object type, whose references it caches; undefined where there is none. */
export function readCachedType(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
): Pick<FieldDirectives, 'cached' | 'faults'> | undefined {
  const nodes = [type.astNode, ...type.extensionASTNodes].flatMap((node) => node?.directives ?? []);
  return readCached({ schema, nodes, extensions: type.extensions, coordinate: type.name });
}

/** Where a directive may stand. */
interface Place {
  readonly schema: GraphQLSchema;
  readonly nodes: readonly ConstDirectiveNode[];
  readonly extensions: Readonly<Record<string, unknown>>;
  readonly coordinate: string;
}

function readCached(at: Place): Pick<FieldDirectives, 'cached' | 'faults'> | undefined {
  const found = usesOf(at, 'cached');
  if (found === undefined) return undefined;
  const { coordinate } = at;
  const faults = [...found.faults];
  const [first, ...more] = found.uses;
  if (more.length > 0) faults.push(`@cached on ${coordinate}: stands there more than once; keep one`);
  const isDefined = first === undefined || isCachedArguments(first);
  if (!isDefined) faults.push(isDefinedOtherwise('cached', coordinate));
  return { cached: isDefined ? first : undefined, faults };
}

function readInvalidates(at: Place): { tags: readonly string[] | undefined; faults: string[] } | undefined {
  const found = usesOf(at, 'invalidates');
  if (found === undefined) return undefined;
  const faults = [...found.faults];
  const lists = found.uses.map(({ tags }) => (isStringList(tags) ? tags : undefined));
  if (lists.includes(undefined)) faults.push(isDefinedOtherwise('invalidates', at.coordinate));
  const read = lists.filter((tags) => tags !== undefined);
  // Of what could not be read at all, that fault is enough.
  return { tags: read.length > 0 || faults.length === 0 ? read.flat() : undefined, faults };
}

function isDefinedOtherwise(name: string, coordinate: string): string {
  return `@${name} on ${coordinate}: is not defined as in cacheTypeDefs; use that definition, and no other`;
}

interface Uses {
  readonly uses: readonly Arguments[];
  readonly faults: readonly string[];
}

function usesOf({ schema, nodes: all, extensions, coordinate }: Place, name: string): Uses | undefined {
  const defined = schema.getDirective(name) ?? undefined;
  const nodes = all.filter((node) => node.name.value === name);
  // A schema that was printed and built anew, as for federation, has what the extensions say in its SDL too.
  if (nodes.length > 0) {
    if (defined !== undefined) return usesInSdl(defined, nodes, coordinate);
    const where =
      'add cacheTypeDefs to the type definitions, or cacheDirectives to the directives of a code-first schema';
    return { uses: [], faults: [`@${name} on ${coordinate}: is not defined; ${where}`] };
  }
  const given = codeFirstUses(extensions, name);
  if (given.length === 0) return undefined;
  const directive = defined ?? cacheDirectives.find((one) => one.name === name);
  return directive && usesInExtensions(directive, given, coordinate);
}

function usesInSdl(
  directive: GraphQLDirective,
  nodes: readonly ConstDirectiveNode[],
  coordinate: string,
): Uses {
  const uses: Arguments[] = [];
  const faults: string[] = [];
  for (const node of nodes) {
    const unknown = unknownArguments(directive, node.arguments?.map((argument) => argument.name.value) ?? []);
    faults.push(...unknown.map((fault) => `@${directive.name} on ${coordinate}: ${fault}`));
    try {
      uses.push(getArgumentValues(directive, node));
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      faults.push(`@${directive.name} on ${coordinate}: ${faultInSdl(directive, node) ?? error.message}`);
    }
  }
  return { uses, faults };
}

/** GraphQL does not check the arguments of a code-first schema: each must be what the definition says. */
function usesInExtensions(
  directive: GraphQLDirective,
  given: readonly PlacedUse[],
  coordinate: string,
): Uses {
  const faults: string[] = [];
  const defaults = Object.fromEntries(directive.args.map((argument) => [argument.name, defaultOf(argument)]));
  const uses = given.flatMap(({ place, use }) => {
    const { values, wrong } = isObject(use)
      ? argumentsIn(directive, use)
      : { values: {}, wrong: [`${place} must be an object with the arguments, but is none`] };
    faults.push(...wrong.map((fault) => `@${directive.name} on ${coordinate}: ${fault}`));
    return wrong.length > 0 ? [] : [{ ...defaults, ...values }];
  });
  return { uses, faults };
}

/** As GraphQL reads them: where the definition says a list, one value is a list of it. */
function argumentsIn(directive: GraphQLDirective, given: Arguments): { values: Arguments; wrong: string[] } {
  const values: Record<string, unknown> = {};
  const wrong = [...unknownArguments(directive, Object.keys(given))];
  for (const argument of directive.args) {
    const { name, type } = argument;
    const value = given[name];
    if (value === undefined) {
      if (isRequiredArgument(argument)) wrong.push(missing(argument));
      continue;
    }
    const coerced = coerceInput(value, type);
    values[name] = coerced.value;
    if (coerced.fault !== undefined)
      wrong.push(`Argument "${name}" has invalid value ${JSON.stringify(value)}.${mendOf(type, value)}`);
  }
  return { values, wrong };
}

/** Each version of graphql has its own words for it, and none says what could stand in place of a value. */
function faultInSdl({ args }: GraphQLDirective, node: ConstDirectiveNode): string | undefined {
  for (const argument of args) {
    const given = node.arguments?.find(({ name }) => name.value === argument.name);
    if (given === undefined) {
      if (isRequiredArgument(argument)) return missing(argument);
    } else if (!isOfArgument(argument, given)) {
      const { value } = given;
      const text = 'value' in value ? value.value : undefined;
      return `Argument "${argument.name}" has invalid value ${print(value)}.${mendOf(argument.type, text)}`;
    }
  }
  return undefined;
}

function missing({ name, type }: GraphQLArgument): string {
  return `Argument "${name}" of required type "${type.toString()}" was not provided.`;
}

function mendOf(type: GraphQLInputType, value: unknown): string {
  const named = getNamedType(type);
  if (!isEnumType(named)) return ` It must be of type ${type.toString()}.`;
  const names = named.getValues().map(({ name }) => name);
  const nearest = typeof value === 'string' ? nearestName(value, names) : undefined;
  if (nearest !== undefined && nearest === value) return ' Write it without quotes.';
  return ` It must be one of ${names.join(', ')}${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}.`;
}

function unknownArguments(directive: GraphQLDirective, given: readonly string[]): string[] {
  const known = new Set(directive.args.map(({ name }) => name));
  return given
    .filter((name) => !known.has(name))
    .map((name) => `has no argument "${name}"; it takes ${[...known].join(', ')}`);
}

function isStringList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** The directive's own definition has checked the types; this only tells the compiler. */
function isCachedArguments(values: Arguments): values is Arguments & CachedArguments {
  return (
    typeof values['ttl'] === 'number' && typeof values['pattern'] === 'string' && isStringList(values['tags'])
  );
}
