import { collectFields, collectSubFields } from '@graphql-tools/utils';
import {
  getArgumentValues,
  getNamedType,
  getOperationAST,
  isAbstractType,
  isObjectType,
  Kind,
  parse,
  validate,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { CacheError } from '../errors.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import type { ViewerOf } from '../vary/viewer-id.js';
import { coerceVariables, noVariables, withSources, type Variables } from './graphql-versions.js';

/** A cached field of an operation. */
export interface ExplainedField {
  /** Where it stands in the answer, without the places in lists. */
  readonly path: string;
  readonly coordinate: string;
  readonly pattern: string;
  /** Seconds. */
  readonly ttl: number;
  /** The key of the entry; the template where it depends on the parent, which is not known before the operation runs. */
  readonly key: string;
  /** The tags besides the key; of those that depend on the parent their namespaces. */
  readonly tags: readonly string[];
  /** Why the field would go past the cache. */
  readonly reason?: string;
}

/** What the cache would do for an operation. */
export interface Explanation {
  readonly fields: readonly ExplainedField[];
  /** How often the store would be asked where every entry is there: once for each level that has cached fields. */
  readonly storeRoundTrips: number;
}

export interface ExplainOptions {
  readonly schema: GraphQLSchema;
  readonly reads: ReadonlyMap<string, ReadPolicy>;
  /** True where a read of the store is no round trip. */
  readonly storeIsLocal: boolean;
  readonly viewerOf: ViewerOf;
}

/** An operation, and who would ask it. */
export interface ExplainedOperation {
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly context?: unknown;
}

/** Says what the cache would do for an operation, without running it. @throws GraphQLError for one that cannot run, CacheError for one that is too large. */
export function explainOperation(options: ExplainOptions, operation: ExplainedOperation): Explanation {
  const walk = new Walk(options, operation);
  walk.run();
  const isFar = !options.storeIsLocal;
  return { fields: walk.found, storeRoundTrips: isFar ? walk.levels.size : 0 };
}

/** What is selected of one type, by the name in the answer. */
type SelectedFields = ReadonlyMap<string, readonly FieldNode[]>;

/** Fragments that spread others twice have twice as many fields on each level. */
const MAX_FIELDS = 20_000;

/** Through all selections of one operation, fragments included. */
class Walk {
  readonly found: ExplainedField[] = [];
  readonly levels = new Set<number>();
  readonly #options: ExplainOptions;
  readonly #operation: ExplainedOperation;
  #fragments: Record<string, FragmentDefinitionNode> = {};
  #variables: Variables = noVariables();
  /** Paths and coordinates. */
  readonly #noted = new Set<string>();
  #steps = 0;

  constructor(options: ExplainOptions, operation: ExplainedOperation) {
    this.#options = options;
    this.#operation = operation;
  }

  run(): void {
    const { schema } = this.#options;
    const document = parse(this.#operation.document);
    const [fault] = validate(schema, document);
    if (fault !== undefined) throw fault;
    const operation = getOperationAST(document, null);
    if (operation == null) throw new Error('The document must have exactly one operation.');
    const { variables, errors } = coerceVariables(schema, operation, this.#operation.variables ?? {});
    if (errors !== undefined) throw errors[0] ?? new Error('The variables do not fit.');
    this.#variables = variables;
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments[definition.name.value] = definition;
    }
    const root = schema.getRootType(operation.operation);
    if (root == null) return;
    const { fields } = collectFields(
      schema,
      this.#fragments,
      withSources(this.#variables),
      root,
      operation.selectionSet,
    );
    this.#walk(new Map([[root, fields]]), { path: '', level: 1 });
  }

  /**
   * All types that can stand in one place are walked together, and what lies below them once: each apart would be as many
   * ways as there are types, again on each level.
   */
  #walk(
    selected: ReadonlyMap<GraphQLObjectType, SelectedFields>,
    { path, level }: { readonly path: string; readonly level: number },
  ): void {
    const walked = new Set<string>();
    for (const [type, fields] of selected) {
      for (const [name, nodes] of fields) {
        const here = path === '' ? name : `${path}.${name}`;
        for (const node of firstOfEachField(nodes)) this.#field(type, node, { path: here, level });
        if (walked.has(name)) continue;
        walked.add(name);
        const below = this.#below(name, selected);
        if (below.size > 0) this.#walk(below, { path: here, level: level + 1 });
      }
    }
  }

  #field(
    type: GraphQLObjectType,
    node: FieldNode,
    { path, level }: { readonly path: string; readonly level: number },
  ): void {
    this.#steps += 1;
    if (this.#steps > MAX_FIELDS)
      throw new CacheError(
        'CACHE_TOOLS',
        `cache.tools.explain: the operation has more than ${MAX_FIELDS} fields; explain a part of it`,
      );
    const field = type.getFields()[node.name.value];
    const policy = this.#options.reads.get(`${type.name}.${node.name.value}`);
    if (field === undefined || policy === undefined) return;
    const args = getArgumentValues(field, node, this.#variables);
    this.#note(policy, { path, args, isRoot: level === 1 });
    this.levels.add(level);
  }

  /** What is selected below one name, of each type that can stand there. */
  #below(
    name: string,
    selected: ReadonlyMap<GraphQLObjectType, SelectedFields>,
  ): ReadonlyMap<GraphQLObjectType, SelectedFields> {
    const nodesOf = new Map<GraphQLNamedType, Set<FieldNode>>();
    for (const [type, fields] of selected) {
      for (const node of fields.get(name) ?? []) {
        const field = type.getFields()[node.name.value];
        if (field !== undefined) addTo(nodesOf, getNamedType(field.type), [node]);
      }
    }
    const nodesOfObject = new Map<GraphQLObjectType, Set<FieldNode>>();
    for (const [type, nodes] of nodesOf)
      for (const object of this.#objectsOf(type)) addTo(nodesOfObject, object, nodes);
    return new Map(
      Array.from(nodesOfObject, ([object, nodes]) => {
        const { fields } = collectSubFields(
          this.#options.schema,
          this.#fragments,
          withSources(this.#variables),
          object,
          [...nodes],
        );
        return [object, fields];
      }),
    );
  }

  #objectsOf(type: GraphQLNamedType): readonly GraphQLObjectType[] {
    if (isObjectType(type)) return [type];
    return isAbstractType(type) ? this.#options.schema.getPossibleTypes(type) : [];
  }

  #note(
    policy: ReadPolicy,
    {
      path,
      args,
      isRoot,
    }: { readonly path: string; readonly args: Record<string, unknown>; readonly isRoot: boolean },
  ): void {
    const { coordinate, pattern, lifetime, keyText } = policy;
    const shared = { path, coordinate, pattern, ttl: lifetime.ttlMs / 1000 };
    // Once, where several types may stand in one place.
    const name = `${path} ${coordinate}`;
    if (this.#noted.has(name)) return;
    this.#noted.add(name);
    if (!isRoot || policy.elementsOf !== undefined) {
      const key = keyText === '' ? `${coordinate} of the parent and the arguments` : keyText;
      this.found.push({ ...shared, key, tags: policy.namespaces });
      return;
    }
    const { context } = this.#operation;
    const viewerId = policy.usesViewer ? this.#options.viewerOf(context) : undefined;
    const variant = policy.variantOf?.(context);
    const place = policy.locate({ args, parent: undefined, viewerId, variant });
    this.found.push(
      place.reason === undefined
        ? { ...shared, key: policy.shownKey(place.key), tags: place.tags }
        : { ...shared, key: keyText, tags: [], reason: place.reason },
    );
  }
}

/** Below different parents one name can stand for different fields of a type. */
function firstOfEachField(nodes: readonly FieldNode[]): Iterable<FieldNode> {
  const found = new Map<string, FieldNode>();
  for (const node of nodes) if (!found.has(node.name.value)) found.set(node.name.value, node);
  return found.values();
}

function addTo<Key>(nodesOf: Map<Key, Set<FieldNode>>, key: Key, nodes: Iterable<FieldNode>): void {
  const known = nodesOf.get(key) ?? new Set();
  for (const node of nodes) known.add(node);
  nodesOf.set(key, known);
}
