import {
  assertValidSchema,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { bitsOf } from './conditions.js';
import { Compiler } from './compile.js';
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

/** An operation that can be run, for what its conditions are in one request. */
export interface Variant {
  readonly compiler: Compiler;
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
 * and where it is no longer kept, what was made of it goes too. An operation is compiled when it is seen again. What was
 * not used lately leaves first.
 */
export class CompiledOperations {
  readonly #bounds: OperationBounds;
  readonly #bySchema = new WeakMap<GraphQLSchema, Documents>();
  readonly #kept = new Set<Operation>();
  #bytes = 0;

  constructor(bounds: OperationBounds) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#kept.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The operation, where it was seen before; undefined where there is none, or it is seen for the first time. */
  find(schema: GraphQLSchema, document: DocumentNode, name: string | undefined): Operation | undefined {
    const operations = this.#bySchema.get(schema)?.get(document);
    const known = operations?.get(name);
    if (known !== undefined) return known;
    const found = operationIn(document, name);
    if (found !== undefined)
      this.#remember(schema, document, { name, operation: new Operation(this, found) });
    return undefined;
  }

  /** Makes what an operation needs, if it is not there. */
  prepare(operation: Operation, schema: GraphQLSchema, document: DocumentNode): void {
    operation.look(schema, document, this.#bounds);
    if (operation.refusal !== undefined || this.#kept.has(operation)) return;
    this.#kept.add(operation);
    this.grow(operation, BYTES_PER_OPERATION + lengthOf(document) * BYTES_PER_CHARACTER);
  }

  grow(operation: Operation, bytes: number): void {
    if (!this.#kept.has(operation)) return;
    operation.bytes += bytes;
    this.#bytes += bytes;
    this.#makeRoom(operation);
  }

  /** Forgets what was made; the operation is compiled again when it comes again. */
  drop(operation: Operation): void {
    if (!this.#kept.delete(operation)) return;
    this.#bytes -= operation.bytes;
    operation.clear();
  }

  #makeRoom(newest: Operation): void {
    for (const operation of this.#kept) {
      if (this.#bytes <= this.#bounds.maxBytes) return;
      if (operation === newest) continue;
      if (operation.isUsed) {
        // A second chance, at the end of the line, where this loop comes to it once more.
        operation.isUsed = false;
        this.#kept.delete(operation);
        this.#kept.add(operation);
      } else this.drop(operation);
    }
    if (this.#bytes > this.#bounds.maxBytes) this.drop(newest);
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

/** One operation of a document, over one schema. */
export class Operation {
  readonly definition: OperationDefinitionNode;
  /** Why it is left to graphql-js; undefined where it is not, or was not looked at. */
  refusal: Refusal | 'the schema is not valid' | undefined;
  bytes = 0;
  isUsed = false;
  fragments: Readonly<Record<string, FragmentDefinitionNode>> = {};
  readonly #owner: CompiledOperations;
  readonly #variants = new Map<number, Variant>();
  #conditions: readonly string[] = [];
  #isLookedAt = false;
  #maxFields = 0;

  constructor(owner: CompiledOperations, definition: OperationDefinitionNode) {
    this.#owner = owner;
    this.definition = definition;
  }

  look(schema: GraphQLSchema, document: DocumentNode, { maxFields, maxLength }: OperationBounds): void {
    if (this.#isLookedAt) return;
    this.#isLookedAt = true;
    this.#maxFields = maxFields;
    if (lengthOf(document) > maxLength) {
      this.refusal = 'too large';
      return;
    }
    this.fragments = fragmentsIn(document);
    const { refusal, conditions } = lookAt(this.definition, this.fragments, maxFields);
    this.#conditions = conditions;
    this.refusal = refusal ?? (isValid(schema) ? undefined : 'the schema is not valid');
  }

  /** What runs with these variables; undefined where graphql-js must tell what they mean. */
  variantFor(schema: GraphQLSchema, given: Readonly<Record<string, unknown>>): Variant | undefined {
    const bits = this.#conditions.length === 0 ? 0 : bitsOf(this.#conditions, this.definition, given);
    if (bits === undefined) return undefined;
    this.isUsed = true;
    const known = this.#variants.get(bits);
    if (known === undefined) return this.#compile(schema, bits);
    if (known.compiler.isFull) {
      // What it asked for is more than may be kept: from now on it is left to graphql-js.
      this.refusal = 'too large';
      this.#owner.drop(this);
      return undefined;
    }
    if (known.compiler.guards.hold()) return known;
    this.#variants.delete(bits);
    return this.#compile(schema, bits);
  }

  clear(): void {
    this.#variants.clear();
    this.#isLookedAt = this.refusal !== undefined;
    this.fragments = {};
    this.bytes = 0;
  }

  #compile(schema: GraphQLSchema, bits: number): Variant | undefined {
    const type = schema.getQueryType();
    if (type == null) return undefined;
    const { selectionSet } = this.definition;
    const compiler = new Compiler({
      ...{ schema, fragments: this.fragments, maxFields: this.#maxFields },
      isTrue: (variable) => (bits & (1 << this.#conditions.indexOf(variable))) !== 0,
      onGrown: (fields) => this.#owner.grow(this, fields * BYTES_PER_FIELD),
    });
    const variant = { compiler, root: compiler.compile(type, [selectionSet]) };
    this.#variants.set(bits, variant);
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
