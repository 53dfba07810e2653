import { collectFields, collectSubFields } from '@graphql-tools/utils';
import {
  getArgumentValues,
  getNamedType,
  getOperationAST,
  getVariableValues,
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
import type { ReadPolicy } from '../policy/read-policy.js';
import type { ViewerOf } from '../vary/viewer-id.js';

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

/** Says what the cache would do for an operation, without running it. @throws GraphQLError for one that cannot run. */
export function explainOperation(options: ExplainOptions, operation: ExplainedOperation): Explanation {
  const walk = new Walk(options, operation);
  walk.run();
  const isFar = !options.storeIsLocal;
  return { fields: walk.found, storeRoundTrips: isFar ? walk.levels.size : 0 };
}

/** Through all selections of one operation, fragments included. */
class Walk {
  readonly found: ExplainedField[] = [];
  readonly levels = new Set<number>();
  readonly #options: ExplainOptions;
  readonly #operation: ExplainedOperation;
  #fragments: Record<string, FragmentDefinitionNode> = {};
  #variables: Record<string, unknown> = {};

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
    const given = getVariableValues(
      schema,
      operation.variableDefinitions ?? [],
      this.#operation.variables ?? {},
    );
    if (given.errors !== undefined) throw given.errors[0] ?? new Error('The variables do not fit.');
    this.#variables = given.coerced;
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments[definition.name.value] = definition;
    }
    const root = schema.getRootType(operation.operation);
    if (root == null) return;
    const { fields } = collectFields(
      schema,
      this.#fragments,
      { coerced: this.#variables, sources: {} },
      root,
      operation.selectionSet,
    );
    this.#fields(root, fields, { path: '', level: 1 });
  }

  #fields(
    type: GraphQLObjectType,
    fields: ReadonlyMap<string, FieldNode[]>,
    { path, level }: { readonly path: string; readonly level: number },
  ): void {
    for (const [name, nodes] of fields) {
      const [node] = nodes;
      const field = node && type.getFields()[node.name.value];
      if (node === undefined || field === undefined) continue;
      const here = path === '' ? name : `${path}.${name}`;
      const policy = this.#options.reads.get(`${type.name}.${field.name}`);
      if (policy !== undefined) {
        const args = getArgumentValues(field, node, this.#variables);
        this.#note(policy, { path: here, args, isRoot: level === 1 });
        this.levels.add(level);
      }
      for (const child of this.#objectsOf(getNamedType(field.type))) {
        const { fields: below } = collectSubFields(
          this.#options.schema,
          this.#fragments,
          { coerced: this.#variables, sources: {} },
          child,
          nodes,
        );
        this.#fields(child, below, { path: here, level: level + 1 });
      }
    }
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
    // One entry for several paths, where several types may stand in one place.
    if (this.found.some((one) => one.path === path && one.coordinate === coordinate)) return;
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
