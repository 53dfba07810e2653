import {
  defaultFieldResolver,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLNamedType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { ReadPolicy } from '../policy/read-policy.js';
import type { VariantOf } from '../vary/variants.js';

/** The resolver of a cached field, as the schema with the cache has it. */
type Resolver = GraphQLFieldResolver<unknown, unknown>;

/** The resolvers of all fields of a schema. */
type Resolvers = ReadonlyMap<GraphQLField<unknown, unknown>, Resolver | undefined>;

/** What is known at the first sight of an operation whose answers are the same for every reader, or every one of a variant. */
export interface OperationPlan {
  /** Stands for the operation in keys. */
  readonly number: number;
  /** What its answers vary by. */
  readonly variantsOf: readonly VariantOf[];
  /** Names of the fields that GraphQL reads from values of entries. */
  readonly read: ReadonlySet<string>;
  /** Whether a field of it is written behind: then a value may be a write that the database does not have yet. */
  readonly isWrittenBehind: boolean;
  /** Whether its answers may be kept in this process. */
  readonly isKept: boolean;
  /** How often in a row an answer could not be kept, and how many sights are still passed over for it. */
  failures: number;
  passes: number;
}

interface Known {
  readonly schema: GraphQLSchema;
  readonly plan: OperationPlan | undefined;
}

/** An operation as it came. */
export interface OperationGiven {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** Directives that say no more than what is selected. */
const KNOWN_DIRECTIVES = new Set(['skip', 'include']);

/**
 * Decides which operations are made of nothing but what all readers share: queries of PUBLIC cached fields, and of what GraphQL
 * reads from their values by itself. No resolver of others may have a part in them, nor code that wraps a cached field or
 * decides on types: it could look at who asks. It is decided for the schema that is executed, which may be made of the one with the cache.
 */
export class OperationPlans {
  readonly #policies = new Map<unknown, ReadPolicy>();
  /** By the document too: plugins that change a fragment leave the node of the operation as it is, and fragments say what it selects. */
  readonly #plans = new WeakMap<DocumentNode, Map<OperationDefinitionNode, Known>>();
  readonly #resolvers = new WeakMap<GraphQLSchema, Resolvers>();
  readonly #storeIsLocal: boolean;
  #numbers = 0;

  constructor({ storeIsLocal }: { readonly storeIsLocal: boolean }) {
    this.#storeIsLocal = storeIsLocal;
  }

  /** Told of each cached field of the schema. */
  add(resolve: Resolver, policy: ReadPolicy): void {
    this.#policies.set(resolve, policy);
  }

  /** One that answers as another does is as good as that one. */
  sameAs(resolve: unknown, around: unknown): void {
    const policy = this.#policies.get(resolve);
    if (policy !== undefined) this.#policies.set(around, policy);
  }

  /**
   * Notes the resolvers of a schema, before it is executed: Apollo Server wraps those of every field in place as soon as one of
   * its plugins wants to see fields resolved.
   */
  note(schema: GraphQLSchema): Resolvers {
    const known = this.#resolvers.get(schema);
    if (known !== undefined) return known;
    const types = Object.values(schema.getTypeMap()).filter(isObjectType);
    const fields = types.flatMap((type) => Object.values(type.getFields()));
    const resolvers = new Map(fields.map((field) => [field, field.resolve]));
    this.#resolvers.set(schema, resolvers);
    return resolvers;
  }

  /** Undefined where more has a part in its answers. */
  of({ schema, document, operation }: OperationGiven): OperationPlan | undefined {
    const ofDocument = this.#plans.get(document);
    const known = ofDocument?.get(operation);
    if (known?.schema === schema) return known.plan;
    // A plugin may have changed one of the two only, and then it is another operation that is executed.
    if (!document.definitions.includes(operation)) return undefined;
    const plan = this.#make({ schema, document, operation });
    if (ofDocument === undefined) this.#plans.set(document, new Map([[operation, { schema, plan }]]));
    else ofDocument.set(operation, { schema, plan });
    return plan;
  }

  #make({ schema, document, operation }: OperationGiven): OperationPlan | undefined {
    const root = schema.getQueryType();
    if (operation.operation !== 'query' || root == null || hasOthers(operation.directives)) return undefined;
    const fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
      ),
    );
    const resolvers = this.note(schema);
    const policyOf = (resolve: unknown): ReadPolicy | undefined => this.#policies.get(resolve);
    const walk = new Walk({ schema, resolvers, fragments, policyOf });
    if (!walk.isPublic(operation.selectionSet, root, true)) return undefined;
    this.#numbers += 1;
    const { policies, read } = walk;
    const isWrittenBehind = some(policies, (policy) => policy.isWrittenBehind);
    // What `local` seconds may hide from a process, an answer would hide for longer.
    const isLocal = !this.#storeIsLocal && some(policies, ({ lifetime }) => lifetime.localMs > 0);
    return {
      ...{ number: this.#numbers, variantsOf: variantsOf(policies), read },
      ...{ isWrittenBehind, isKept: !isWrittenBehind && !isLocal, failures: 0, passes: 0 },
    };
  }
}

/** Fields that vary by the same have the same variant. */
function variantsOf(policies: ReadonlySet<ReadPolicy>): readonly VariantOf[] {
  const byNames = new Map<string, VariantOf>();
  for (const { vary, variantOf } of policies)
    if (variantOf !== undefined) byNames.set(vary.join(' '), variantOf);
  return [...byNames.values()];
}

function some(policies: ReadonlySet<ReadPolicy>, is: (policy: ReadPolicy) => boolean): boolean {
  return Array.from(policies).some(is);
}

interface WalkOptions {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly resolvers: Resolvers;
  readonly policyOf: (resolve: unknown) => ReadPolicy | undefined;
}

/** One look at all that an operation selects. */
class Walk {
  /** Of the cached fields. */
  readonly policies = new Set<ReadPolicy>();
  readonly read = new Set<string>();
  readonly #options: WalkOptions;
  /** Fragments come again, also in circles where nothing was validated. */
  readonly #seen = new Map<SelectionSetNode, Set<GraphQLNamedType>>();

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** Whether no code of others has a part in what is selected of values of a type; `isRoot` where there is no value. */
  isPublic(selected: SelectionSetNode, type: GraphQLNamedType, isRoot = false): boolean {
    const seen = this.#seen.get(selected) ?? new Set();
    if (seen.has(type)) return true;
    this.#seen.set(selected, seen.add(type));
    return selected.selections.every((selection) => {
      if (hasOthers(selection.directives)) return false;
      switch (selection.kind) {
        case Kind.FIELD:
          return this.#isFieldPublic(selection, type, isRoot);
        case Kind.INLINE_FRAGMENT:
          return this.#isFragmentPublic(selection, type, isRoot);
        case Kind.FRAGMENT_SPREAD: {
          const fragment = this.#options.fragments.get(selection.name.value);
          return fragment !== undefined && this.#isFragmentPublic(fragment, type, isRoot);
        }
      }
    });
  }

  #isFragmentPublic(
    { directives, selectionSet, typeCondition }: InlineFragmentNode | FragmentDefinitionNode,
    type: GraphQLNamedType,
    isRoot: boolean,
  ): boolean {
    const named = typeCondition ? this.#options.schema.getType(typeCondition.name.value) : type;
    return named !== undefined && !hasOthers(directives) && this.isPublic(selectionSet, named, isRoot);
  }

  #isFieldPublic({ name, selectionSet }: FieldNode, type: GraphQLNamedType, isRoot: boolean): boolean {
    if (name.value === '__typename') return true;
    return this.#possible(type).every((one) => {
      const field = one.getFields()[name.value];
      if (field === undefined) return false;
      const resolve = this.#options.resolvers.get(field);
      const isRead = !isRoot && (resolve === undefined || resolve === defaultFieldResolver);
      if (isRead) this.read.add(name.value);
      else {
        const policy = this.#options.policyOf(resolve);
        if (policy?.scope !== 'PUBLIC') return false;
        this.policies.add(policy);
      }
      const of = getNamedType(field.type);
      if (!isCompositeType(of)) return true;
      return selectionSet !== undefined && this.#isToldByName(of) && this.isPublic(selectionSet, of);
    });
  }

  /** Whether it is told without code of others of which type a value is. */
  #isToldByName(type: GraphQLNamedType): boolean {
    if (isAbstractType(type) && type.resolveType != null) return false;
    return this.#possible(type).every(({ isTypeOf }) => isTypeOf == null);
  }

  /** The types that a value may be of. */
  #possible(type: GraphQLNamedType): readonly GraphQLObjectType[] {
    if (isAbstractType(type)) return this.#options.schema.getPossibleTypes(type);
    return isObjectType(type) ? [type] : [];
  }
}

function hasOthers(directives: readonly DirectiveNode[] | undefined): boolean {
  return directives?.some(({ name }) => !KNOWN_DIRECTIVES.has(name.value)) === true;
}
