import {
  valueFromASTUntyped,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { keyComponent } from '../keys/component.js';
import { parseTemplate, type Template } from '../keys/template.js';
import { namespaceOfTemplate } from '../keys/namespace.js';
import type { CachedArguments, FieldSite } from '../policy/field-site.js';
import { componentOfJson, describeType } from './describe-field.js';
import { areSamePaths, holdsPaths, keyPaths, pathText, type KeyPath } from './entity-keys.js';
import { codeFirstUses, isObject } from './extension-directives.js';
import { federationNames } from './federation-names.js';

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
  /** The paths of each `@key` by which this subgraph resolves references; undefined for one that the key of no entry can hold. */
  readonly keys: readonly (readonly KeyPath[] | undefined)[];
  readonly references: References;
  /** Its fields that need what comes with a reference besides its key. */
  readonly requiring: readonly string[];
}

/** Undefined where no other subgraph can refer to the type. */
export function entityOf(schema: GraphQLSchema, type: GraphQLObjectType): Entity | undefined {
  const references = referencesOf(type);
  const uses = Array.from(federationNames(schema, 'key')).flatMap((name) => usesOnType(type, name));
  const keys = uses.flatMap((use) => {
    const { fields, resolvable } = isObject(use) ? use : {};
    return typeof fields === 'string' && resolvable !== false ? [keyPaths(type, fields)] : [];
  });
  if (keys.length === 0) return undefined;
  const names = federationNames(schema, 'requires');
  const requiring = Object.values(type.getFields()).filter((field) => isRequiring(field, names));
  return { type, keys, references, requiring: requiring.map(({ name }) => name) };
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

/** Describes the references of an entity as a field of it, whose parent is the representation. */
export function describeEntity(schema: GraphQLSchema, { type, references }: Entity): FieldSite {
  const hasResolver = references.apollo !== undefined || references.mercurius !== undefined;
  return {
    ...describeType(schema, type),
    coordinate: `${type.name}.${REFERENCE}`,
    typeText: type.name,
    elementText: undefined,
    hasResolver,
    // `entityFaults` says what a reference has.
    parentHasId: true,
    argumentAt: () => undefined,
    // Representations are as the gateway or a client wrote them.
    takesJson: true,
    componentAt: (root, path) => (root === 'parent' ? componentOfJson(type, path) : keyComponent),
  };
}

/** Faults of `@cached` on an entity, each as the end of a sentence. */
export function entityFaults(entity: Entity, cached: CachedArguments): string[] {
  return [...requiringFaults(entity), ...keyFaults(entity, cached), ...tagFaults(entity, cached)];
}

function requiringFaults({ type, requiring }: Entity): string[] {
  return requiring.map(
    (name) =>
      `cannot be cached as an entity, because what ${type.name}.${name} requires comes with each reference (@requires); ` +
      `put @cached on fields of ${type.name}`,
  );
}

/** References that share an entry must be those of one object: its key and a `@key` say the same. */
function keyFaults({ type, keys, references }: Entity, cached: CachedArguments): string[] {
  const key = keyOf(cached);
  if (key === undefined) return [];
  const { paths, template } = key;
  const unknown = template === undefined ? [] : unknownFaults({ keys }, 'key', template);
  if (unknown.length > 0) return unknown;
  if (!hasKey(keys, paths)) {
    const none = `no @key of ${type.name}`;
    const what =
      template === undefined
        ? `needs a key, because ${none} is the id alone, which a default key holds`
        : `key "${template.source}" holds ${paths.map(pathText).join(', ') || 'no field'}, but ${none} has exactly that, ` +
          'so that references to different objects could share an entry';
    return [`${what}; ${mendOf({ type, keys }, cached, template)}`];
  }
  const isCovered = keys.every((one) => one !== undefined && holdsPaths(one, paths));
  if (!isNeeded(cached, references) || isCovered || template === undefined) return [];
  const [text = ''] = parentPlaceholders(template).map((placeholder) => placeholder.text);
  return [
    `key "${template.source}" has the placeholder ${text}, which a reference by another @key does not have; write ${REFERENCE} for those`,
  ];
}

/** What the key of the entries holds of a reference; undefined where that is not known, which is another fault. */
function keyOf({ key, pattern }: CachedArguments): Keyed | undefined {
  if (typeof key !== 'string') return pattern === 'READ_THROUGH' ? undefined : { paths: DEFAULT_KEY };
  const template = parseTemplate(key);
  if (typeof template === 'string') return undefined;
  return { paths: parentPlaceholders(template).map(({ path }) => path), template };
}

interface Keyed {
  readonly paths: readonly KeyPath[];
  /** Undefined for a default key. */
  readonly template?: Template;
}

const DEFAULT_KEY: readonly KeyPath[] = [['id']];

function hasKey(keys: Entity['keys'], paths: readonly KeyPath[]): boolean {
  return keys.some((one) => one !== undefined && areSamePaths(one, paths));
}

/** An origin is asked by one id, so that there a `@key` of one value is needed. */
function mendOf(
  { type, keys }: Pick<Entity, 'type' | 'keys'>,
  { pattern, scope }: CachedArguments,
  template: Template | undefined,
): string {
  const known = keys.flatMap((paths) => (paths === undefined || paths.length === 0 ? [] : [paths]));
  const single = known.find(({ length }) => length === 1);
  const isAsked = pattern === 'READ_THROUGH';
  const paths = isAsked ? (single ?? known[0]) : known[0];
  if (paths === undefined) return `put @cached on fields of ${type.name}`;
  const parts = paths.map((path) => `{parent.${pathText(path)}}`);
  if (scope === 'PRIVATE') parts.push('{viewer.id}');
  const namespace = template === undefined ? type.name : namespaceOfTemplate(template);
  const key = `key: "${[namespace, ...parts].join(':')}"`;
  return isAsked && single === undefined ? `write pattern: CACHE_ASIDE, ${key}` : `write ${key}`;
}

/** A tag of what the key does not hold would be that of the reference that was loaded first. */
function tagFaults({ keys }: Entity, cached: CachedArguments): string[] {
  const key = keyOf(cached);
  return cached.tags.flatMap((source) => {
    const template = parseTemplate(source);
    if (typeof template === 'string') return [];
    const unknown = unknownFaults({ keys }, 'tag', template);
    if (unknown.length > 0 || key === undefined || !hasKey(keys, key.paths)) return unknown;
    return parentPlaceholders(template)
      .filter(({ path }) => !holdsPaths(key.paths, [path]))
      .map(
        ({ text }) =>
          `tag "${source}" has the placeholder ${text}, which the key of the entry does not hold; ` +
          'write a key that holds it, or leave out the tag',
      );
  });
}

function unknownFaults({ keys }: Pick<Entity, 'keys'>, name: string, template: Template): string[] {
  const known = keys.flatMap((paths) => paths ?? []);
  if (known.length === 0) return [];
  const texts = [...new Set(known.map(pathText))].sort().join(', ');
  return parentPlaceholders(template)
    .filter(({ path }) => !holdsPaths(known, [path]))
    .map(
      ({ text }) =>
        `${name} "${template.source}" has the placeholder ${text}, but a reference has the fields of a @key only: ${texts}`,
    );
}

function parentPlaceholders({ placeholders }: Template): Template['placeholders'] {
  return placeholders.filter(({ root }) => root === 'parent');
}

/** READ_THROUGH has nothing but the id of its key, where there is no resolver. */
function isNeeded({ pattern }: CachedArguments, { apollo, mercurius }: References): boolean {
  return pattern === 'READ_THROUGH' && apollo === undefined && mercurius === undefined;
}

function isRequiring(
  { astNode, extensions }: GraphQLField<unknown, unknown>,
  names: ReadonlySet<string>,
): boolean {
  return (
    astNode?.directives?.some(({ name }) => names.has(name.value)) === true ||
    Array.from(names).some((name) => codeFirstUses(extensions, name).length > 0)
  );
}
