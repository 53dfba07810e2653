import {
  assertValidSchema,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { bitsOf } from './conditions.js';
import { Compiler } from './compile.js';
import { KeptOperations, type Keepable, type KeptPlace } from './kept-operations.js';
import type { ObjectPlan } from './plan.js';
import { lookAt, type Refusal } from './refusal.js';

export interface OperationBounds {
  /** Bytes of memory that compiled operations may take, as estimated; > 0. */
  readonly maxBytes: number;
  /** Selections, arguments and variables of an operation, and of the fields that are kept for it; > 0. */
  readonly maxFields: number;
  /** Characters of a document. */
  readonly maxLength: number;
}

type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

/** An operation that can be run, for what its conditions are in one request. */
export interface Variant {
  readonly compiler: Compiler;
  readonly fragments: Fragments;
  readonly root: ObjectPlan;
}

/** What was measured in Node 20, rounded up. */
const BYTES_PER_FIELD = 1_000;
const BYTES_PER_OPERATION = 2_000;
/** Of an AST, for each character of its document. */
const BYTES_PER_CHARACTER = 10;

type Documents = WeakMap<DocumentNode, Map<string | undefined, Operation>>;

/**
 * Compiled operations, by schema, document and name. A document is told by its object: servers parse it once and keep it,
 * and where it is no longer kept, what was made of it goes too. An operation is compiled when it is seen again.
 */
export class CompiledOperations {
  readonly #bounds: OperationBounds;
  readonly #bySchema = new WeakMap<GraphQLSchema, Documents>();
  readonly #kept: KeptOperations;

  constructor(bounds: OperationBounds) {
    this.#bounds = bounds;
    this.#kept = new KeptOperations(bounds.maxBytes);
  }

  get size(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#kept.bytes;
  }

  /** The operation, where it was seen before; undefined where there is none, or it is seen for the first time. */
  find(schema: GraphQLSchema, document: DocumentNode, name: string | undefined): Operation | undefined {
    const operations = this.#bySchema.get(schema)?.get(document);
    const known = operations?.get(name);
    if (known !== undefined) return known;
    const found = operationIn(document, name);
    if (found !== undefined)
      this.#remember(schema, document, { name, operation: new Operation(this.#kept, found) });
    return undefined;
  }

  /** Makes what an operation needs, if it is not there; false where it is left to graphql-js. */
  prepare(operation: Operation, schema: GraphQLSchema, document: DocumentNode): boolean {
    if (operation.place !== undefined) return true;
    operation.look(schema, document, this.#bounds);
    if (operation.refusal !== undefined) return false;
    this.#kept.add(operation, BYTES_PER_OPERATION + lengthOf(document) * BYTES_PER_CHARACTER);
    return operation.place !== undefined;
  }

  #remember(
    schema: GraphQLSchema,
    document: DocumentNode,
    { name, operation }: { readonly name: string | undefined; readonly operation: Operation },
  ): void {
    const documents: Documents = this.#bySchema.get(schema) ?? new WeakMap();
    this.#bySchema.set(schema, documents);
    const operations = documents.get(document) ?? new Map<string | undefined, Operation>();
    documents.set(document, operations);
    operations.set(name, operation);
  }
}

/** What was found in an operation that can be compiled. */
interface Seen {
  readonly fragments: Fragments;
  /** The variables that decide about parts of it. */
  readonly conditions: readonly string[];
  readonly maxFields: number;
}

/** One operation of a document, over one schema. */
export class Operation implements Keepable {
  readonly definition: OperationDefinitionNode;
  /** Why it is left to graphql-js; undefined where it is not, or was not looked at. */
  refusal: Refusal | 'the schema is not valid' | undefined;
  place: KeptPlace | undefined;
  isUsed = false;
  readonly #kept: KeptOperations;
  readonly #variants = new Map<number, Variant>();
  #seen: Seen | undefined;

  constructor(kept: KeptOperations, definition: OperationDefinitionNode) {
    this.#kept = kept;
    this.definition = definition;
  }

  look(schema: GraphQLSchema, document: DocumentNode, { maxFields, maxLength }: OperationBounds): void {
    if (this.refusal !== undefined || this.#seen !== undefined) return;
    if (lengthOf(document) > maxLength) {
      this.refusal = 'too large';
      return;
    }
    const fragments = fragmentsIn(document);
    const { refusal, conditions } = lookAt(this.definition, fragments, maxFields);
    this.refusal = refusal ?? (isValid(schema) ? undefined : 'the schema is not valid');
    if (this.refusal === undefined) this.#seen = { fragments, conditions, maxFields };
  }

  /** What runs with these variables; undefined where graphql-js must tell what they mean. */
  variantFor(schema: GraphQLSchema, given: Readonly<Record<string, unknown>>): Variant | undefined {
    const seen = this.#seen;
    if (seen === undefined) return undefined;
    const bits = seen.conditions.length === 0 ? 0 : bitsOf(seen.conditions, this.definition, given);
    if (bits === undefined) return undefined;
    this.isUsed = true;
    const known = this.#variants.get(bits);
    if (known === undefined) return this.#compile(schema, seen, bits);
    if (known.compiler.guards.hold()) return known;
    this.#variants.delete(bits);
    this.#kept.grow(this, -known.compiler.fields * BYTES_PER_FIELD);
    return this.#compile(schema, seen, bits);
  }

  clear(): void {
    this.#variants.clear();
    this.#seen = undefined;
  }

  /** From now on it is left to graphql-js. Executions that have begun go on with what they have. */
  refuse(): void {
    this.refusal = 'too large';
    this.#kept.drop(this);
  }

  #compile(
    schema: GraphQLSchema,
    { fragments, conditions, maxFields }: Seen,
    bits: number,
  ): Variant | undefined {
    const type = schema.getQueryType();
    if (type == null) return undefined;
    const { selectionSet } = this.definition;
    const compiler: Compiler = new Compiler({
      ...{ schema, fragments, maxFields },
      isTrue: (variable) => (bits & (1 << conditions.indexOf(variable))) !== 0,
      onGrown: (fields) => {
        // An execution may still go on with plans that have left.
        if (this.#variants.get(bits)?.compiler === compiler) this.#kept.grow(this, fields * BYTES_PER_FIELD);
      },
      onFull: () => this.refuse(),
    });
    const variant = { compiler, fragments, root: compiler.compile(type, [selectionSet]) };
    this.#variants.set(bits, variant);
    this.#kept.grow(this, compiler.fields * BYTES_PER_FIELD);
    return variant;
  }
}

function lengthOf({ loc }: DocumentNode): number {
  return loc?.end ?? 0;
}

/** As graphql-js finds it; undefined where it tells an error. */
function operationIn(
  { definitions }: DocumentNode,
  name: string | undefined,
): OperationDefinitionNode | undefined {
  let found: OperationDefinitionNode | undefined;
  for (const definition of definitions) {
    if (definition.kind !== 'OperationDefinition') continue;
    if (name === undefined) {
      if (found !== undefined) return undefined;
      found = definition;
    } else if (definition.name?.value === name) found = definition;
  }
  return found;
}

function fragmentsIn({ definitions }: DocumentNode): Record<string, FragmentDefinitionNode> {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of definitions) {
    if (definition.kind === 'FragmentDefinition') fragments[definition.name.value] = definition;
  }
  return fragments;
}

function isValid(schema: GraphQLSchema): boolean {
  try {
    assertValidSchema(schema);
    return true;
  } catch {
    // graphql-js says what is wrong with it.
    return false;
  }
}
