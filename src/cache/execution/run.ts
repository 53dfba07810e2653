import {
  getArgumentValues,
  locatedError,
  responsePathAsArray,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { CollectedErrors } from './collected-errors.js';
import type { Compiler } from './compile.js';
import { addPath, type Path } from './path.js';
import type { FieldPlan, TypePlan } from './plan.js';

type Values = Readonly<Record<string, unknown>>;

export interface RunOptions {
  readonly compiler: Compiler;
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly rootValue: unknown;
  readonly contextValue: unknown;
  readonly variableValues: Record<string, unknown>;
}

/** One execution of an operation: what belongs to it alone. */
export class Run {
  readonly compiler: Compiler;
  readonly schema: GraphQLSchema;
  readonly contextValue: unknown;
  readonly errors = new CollectedErrors();
  /**
   * Whether what succeeds takes as many steps as in graphql-js. Only where an error waits for its siblings can that be seen, by
   * the order of errors.
   */
  isExact = false;
  readonly #options: RunOptions;
  // What a resolver is given may be changed by it, and must not reach another execution.
  #fragments: Record<string, FragmentDefinitionNode> | undefined;
  readonly #nodes: (readonly FieldNode[] | undefined)[] = [];
  readonly #arguments: (Values | undefined)[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
    this.compiler = options.compiler;
    this.schema = options.schema;
    this.contextValue = options.contextValue;
  }

  /** A new one for each call, since plugins and resolvers add to it. */
  infoOf(field: FieldPlan, path: Path): GraphQLResolveInfo {
    const { rootValue, operation, variableValues } = this.#options;
    this.#fragments ??= Object.assign(Object.create(null), this.#options.fragments);
    return {
      fieldName: field.name,
      fieldNodes: this.nodesOf(field),
      returnType: field.definition.type,
      parentType: field.parentType,
      path,
      schema: this.schema,
      fragments: this.#fragments ?? {},
      rootValue,
      operation,
      variableValues,
    };
  }

  /** A new object for each call. */
  argumentsOf(field: FieldPlan): Record<string, unknown> {
    if (field.args === 'none') return {};
    if (field.args === 'each') return this.#coerced(field);
    return { ...(this.#arguments[field.index] ??= this.#coerced(field)) };
  }

  /**
   * Tells an error at its place, which is null then.
   * @throws the error with its place where null may not stand.
   */
  voidField(raw: unknown, field: FieldPlan, { isNonNull }: TypePlan, path: Path | undefined): void {
    const error = locatedError(raw, this.nodesOf(field), responsePathAsArray(path));
    if (isNonNull) throw error;
    this.errors.add(error, path);
  }

  /** An error that nothing between it and the root could hold. */
  voidRoot(raw: unknown): void {
    this.errors.add(locatedError(raw, undefined), undefined);
  }

  answer(data: Record<string, unknown> | null): ExecutionResult {
    const { errors } = this.errors;
    return errors.length === 0 ? { data } : { errors, data };
  }

  nodesOf({ index, nodes }: FieldPlan): readonly FieldNode[] {
    return (this.#nodes[index] ??= [...nodes]);
  }

  #coerced({ definition, nodes: [node] }: FieldPlan): Record<string, unknown> {
    if (node === undefined) return {};
    return getArgumentValues(definition, node, this.#options.variableValues);
  }
}

/** The path of a field of an object. */
export function fieldPath({ responseName, parentName }: FieldPlan, parent: Path | undefined): Path {
  return addPath(parent, responseName, parentName);
}
