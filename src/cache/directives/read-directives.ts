import {
  getArgumentValues,
  GraphQLError,
  type ConstDirectiveNode,
  type GraphQLDirective,
  type GraphQLField,
  type GraphQLSchema,
} from 'graphql';
import type { CachedArguments } from '../policy/field-site.js';

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
  const cached = usesOf(schema, field, 'cached', coordinate);
  const invalidating = usesOf(schema, field, 'invalidates', coordinate);
  if (cached === undefined && invalidating === undefined) return NONE;
  const faults = [...(cached?.faults ?? []), ...(invalidating?.faults ?? [])];
  const [first, ...more] = cached?.uses ?? [];
  if (more.length > 0) faults.push(`@cached on ${coordinate}: stands there more than once; keep one`);
  return {
    cached: first === undefined || !isCachedArguments(first) ? undefined : first,
    invalidates: invalidating?.uses.flatMap(({ tags }) => (isStringList(tags) ? tags : [])),
    faults,
  };
}

interface Uses {
  readonly uses: readonly Arguments[];
  readonly faults: readonly string[];
}

function usesOf(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  name: string,
  coordinate: string,
): Uses | undefined {
  const directive = schema.getDirective(name);
  const nodes = field.astNode?.directives?.filter((node) => node.name.value === name) ?? [];
  if (directive === null || directive === undefined) {
    if (nodes.length === 0) return undefined;
    return {
      uses: [],
      faults: [`@${name} on ${coordinate}: is not defined; add cacheTypeDefs to the type definitions`],
    };
  }
  if (nodes.length > 0) return usesInSdl(directive, nodes, coordinate);
  const extension = extensionUses(field.extensions['directives'], name);
  return extension.length === 0 ? undefined : usesInExtensions(directive, extension, coordinate);
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
      faults.push(`@${directive.name} on ${coordinate}: ${error.message}`);
    }
  }
  return { uses, faults };
}

function usesInExtensions(
  directive: GraphQLDirective,
  given: readonly Arguments[],
  coordinate: string,
): Uses {
  const faults: string[] = [];
  const uses = given.flatMap((values) => {
    const wrong = unknownArguments(directive, Object.keys(values));
    for (const { name, defaultValue, type } of directive.args) {
      const required = defaultValue === undefined && type.toString().endsWith('!');
      if (required && values[name] === undefined) {
        wrong.push(`Argument "${name}" of required type "${type.toString()}" was not provided.`);
      }
    }
    faults.push(...wrong.map((fault) => `@${directive.name} on ${coordinate}: ${fault}`));
    const defaults = directive.args.map(({ name, defaultValue }) => [name, defaultValue] as const);
    return wrong.length > 0 ? [] : [{ ...Object.fromEntries(defaults), ...values }];
  });
  return { uses, faults };
}

function unknownArguments(directive: GraphQLDirective, given: readonly string[]): string[] {
  const known = new Set(directive.args.map(({ name }) => name));
  return given
    .filter((name) => !known.has(name))
    .map((name) => `has no argument "${name}"; it takes ${[...known].join(', ')}`);
}

function extensionUses(extension: unknown, name: string): readonly Arguments[] {
  if (typeof extension !== 'object' || extension === null || !(name in extension)) return [];
  const uses: unknown = Reflect.get(extension, name);
  const list: readonly unknown[] = Array.isArray(uses) ? uses : [uses];
  return list.filter((use): use is Arguments => typeof use === 'object' && use !== null);
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
