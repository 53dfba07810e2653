import {
  Kind,
  parse,
  valueFromASTUntyped,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { keyComponent } from '../keys/component.js';
import { parseTemplate } from '../keys/template.js';
import type { CachedArguments, FieldSite } from '../policy/field-site.js';
import { componentOfJson, describeType } from './describe-field.js';
import { codeFirstUses, isObject } from './extension-directives.js';

/** How counters, evidence and `disabled` call the reads of an entity: as its resolver is called. */
export const REFERENCE = '__resolveReference';

/** `(reference, context, info)`, as @apollo/subgraph calls it. */
type ApolloReference = (reference: unknown, context: unknown, info: GraphQLResolveInfo) => unknown;
/** `(reference, {}, context, info)`, as Mercurius calls it. */
type MercuriusReference = (
  reference: unknown,
  args: unknown,
  context: unknown,
  info: GraphQLResolveInfo,
) => unknown;

/** The resolvers of a type's references: each library has a home of its own for it. */
interface References {
  readonly apollo: ApolloReference | undefined;
  readonly mercurius: MercuriusReference | undefined;
}

/** An object type that other subgraphs refer to. */
export interface Entity {
  readonly type: GraphQLObjectType;
  /** The names of the fields of each `@key` by which this subgraph resolves references. */
  readonly keys: readonly ReadonlySet<string>[];
  readonly references: References;
}

/** Undefined where no other subgraph can refer to the type. */
export function entityOf(type: GraphQLObjectType): Entity | undefined {
  const references = referencesOf(type);
  const keys = usesOnType(type, 'key').flatMap((use) => {
    const { fields, resolvable } = isObject(use) ? use : {};
    return typeof fields === 'string' && resolvable !== false ? [fieldNames(fields)] : [];
  });
  return keys.length === 0 ? undefined : { type, keys, references };
}

/** What stands behind a directive of a type: in its SDL, and in the extensions of a code-first type. */
function usesOnType(type: GraphQLObjectType, name: string): readonly unknown[] {
  const nodes = [type.astNode, ...type.extensionASTNodes].flatMap((node) => node?.directives ?? []);
  const inSdl = nodes
    .filter((node) => node.name.value === name)
    .map((node) =>
      Object.fromEntries(
        (node.arguments ?? []).map((argument) => [argument.name.value, valueFromASTUntyped(argument.value)]),
      ),
    );
  return inSdl.length > 0 ? inSdl : codeFirstUses(type.extensions, name).map(({ use }) => use);
}

function referencesOf(type: GraphQLObjectType): References {
  const { apollo } = type.extensions;
  const subgraph = isObject(apollo) ? apollo['subgraph'] : undefined;
  const own: unknown = 'resolveReference' in type ? type.resolveReference : undefined;
  const inExtensions = isObject(subgraph) ? subgraph['resolveReference'] : undefined;
  return {
    apollo: isResolver<ApolloReference>(inExtensions) ? inExtensions : undefined,
    mercurius: isResolver<MercuriusReference>(own) ? own : undefined,
  };
}

/** What libraries keep there is what they call. */
function isResolver<Resolver extends ApolloReference | MercuriusReference>(
  value: unknown,
): value is Resolver {
  return typeof value === 'function';
}

/** The names on the first level of a selection such as `id organization { id }`. */
function fieldNames(selection: string): ReadonlySet<string> {
  const names = new Set<string>();
  try {
    for (const definition of parse(`{ ${selection} }`, { noLocation: true }).definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      for (const one of definition.selectionSet.selections)
        if (one.kind === Kind.FIELD) names.add(one.name.value);
    }
  } catch {
    // A library for federation says what is wrong with its own directive.
  }
  return names;
}

/** Describes the references of an entity as a field of it, whose parent is the representation. */
export function describeEntity(schema: GraphQLSchema, { type, keys, references }: Entity): FieldSite {
  const hasResolver = references.apollo !== undefined || references.mercurius !== undefined;
  return {
    ...describeType(schema, type),
    coordinate: `${type.name}.${REFERENCE}`,
    typeText: type.name,
    elementText: undefined,
    hasResolver,
    parentHasId: keys.some((names) => names.has('id')),
    argumentAt: () => undefined,
    // Representations are JSON, as the gateway or a client wrote it: no type of the schema has made their values its own.
    componentAt: (root, path) => (root === 'parent' ? componentOfJson(type, path) : keyComponent),
  };
}

/** Faults of `@cached` on an entity, each as the end of a sentence. */
export function entityFaults({ type, keys, references }: Entity, cached: CachedArguments): string[] {
  const faults: string[] = [];
  for (const field of Object.values(type.getFields())) {
    if (!isRequiring(field)) continue;
    faults.push(
      `cannot be cached as an entity, because what ${type.name}.${field.name} requires comes with each reference (@requires); ` +
        `put @cached on fields of ${type.name}`,
    );
  }
  const known = new Set(keys.flatMap((names) => [...names]));
  for (const [name, source] of sourcesOf(cached)) {
    const template = parseTemplate(source);
    if (typeof template === 'string') continue;
    for (const { root, path, text } of template.placeholders) {
      const [first = ''] = path;
      if (root !== 'parent') continue;
      if (!known.has(first))
        faults.push(
          `${name} "${source}" has the placeholder ${text}, but a reference has the fields of a @key only: ${[...known].sort().join(', ')}`,
        );
      else if (isNeeded(cached, references) && !keys.every((names) => names.has(first)))
        faults.push(
          `${name} "${source}" has the placeholder ${text}, which a reference by another @key does not have; write ${REFERENCE} for those`,
        );
    }
  }
  return faults;
}

/** READ_THROUGH has nothing but the id of its key, where there is no resolver. */
function isNeeded({ pattern }: CachedArguments, { apollo, mercurius }: References): boolean {
  return pattern === 'READ_THROUGH' && apollo === undefined && mercurius === undefined;
}

function sourcesOf({ key, tags }: CachedArguments): readonly (readonly [name: string, source: string])[] {
  const named = tags.map((tag) => ['tag', tag] as const);
  return typeof key === 'string' ? [['key', key], ...named] : named;
}

function isRequiring({ astNode, extensions }: GraphQLField<unknown, unknown>): boolean {
  return (
    astNode?.directives?.some(({ name }) => name.value === 'requires') === true ||
    codeFirstUses(extensions, 'requires').length > 0
  );
}
