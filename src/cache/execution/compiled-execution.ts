import {
  defaultFieldResolver,
  defaultTypeResolver,
  execute as executeByGraphql,
  getVariableValues,
  versionInfo,
  type ExecutionArgs,
  type ExecutionResult,
} from 'graphql';
import type { MaybePromise } from '../maybe-promise.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { withDefaults } from '../with-defaults.js';
import { written } from '../written.js';
import { CompiledOperations, type Operation, type Variant } from './compiled-operations.js';
import { executePlan } from './execute-plan.js';
import { Run } from './run.js';

/** What `compiledExecution` is told. */
export interface CompiledExecutionOptions {
  /** Bytes of memory that compiled operations may take, as estimated; what was not used lately leaves. Default 16 MiB. */
  readonly maxBytes?: number;
  /** Characters of the longest document that is compiled; longer ones are left to graphql-js. Default 20,000. */
  readonly maxLength?: number;
  /**
   * Selections, arguments and variables of the largest operation that is compiled, and fields that are kept for it, where one
   * stands for each type that answers it. Default 2,000.
   */
  readonly maxFields?: number;
  /** What executes all that is not compiled, as `execute` of graphql-js does, which is the default. */
  readonly otherwise?: Execute;
}

/** Executes an operation of a document that was validated. */
export type Execute = (args: ExecutionArgs) => MaybePromise<ExecutionResult>;

/** What compiled execution has done so far. */
export interface CompiledExecutionStats {
  /** Executions by plans. */
  readonly compiled: number;
  /** Executions that were left to graphql-js, the first of each operation among them. */
  readonly left: number;
  /** Operations whose plans are kept. */
  readonly operations: number;
  /** What they take, as estimated. */
  readonly bytes: number;
}

/** An execution that was decided on. */
export interface PreparedExecution {
  /** Whether it is by a plan; otherwise by graphql-js. */
  readonly isPlanned: boolean;
  readonly execute: () => MaybePromise<ExecutionResult>;
}

export interface CompiledExecution {
  /** In place of `execute` of graphql-js, with the same arguments and the same answers. */
  readonly execute: Execute;
  /** Decides how an operation is executed, before anything runs. To be executed once, if at all. */
  prepare(args: ExecutionArgs): PreparedExecution;
  stats(): CompiledExecutionStats;
}

const DEFAULTS: Required<CompiledExecutionOptions> = {
  maxBytes: 16 * 1024 * 1024,
  maxLength: 20_000,
  maxFields: 2_000,
  otherwise: executeByGraphql,
};
const KNOWN = {
  maxBytes: true,
  maxLength: true,
  maxFields: true,
  otherwise: true,
} satisfies Record<keyof CompiledExecutionOptions, true>;

/** Since then errors below a voided place are not told; what 17 does is another order of promises. */
const IS_PROVEN = versionInfo.major === 16 && versionInfo.minor >= 13;
/** What graphql-js takes where nothing is said. */
const MAX_COERCION_ERRORS = 50;

/**
 * Executes queries by plans, which are made of an operation and the schema when the operation is seen for the second time, and
 * leaves all else to graphql-js: mutations, subscriptions, introspection, directives other than `@skip` and `@include`,
 * resolvers of its own that the caller gives, versions of graphql other than 16.13 to 16.x. It decides before anything has run.
 * No code is generated.
 * @throws CacheError naming every option that does not exist or cannot be.
 */
export function compiledExecution(options: CompiledExecutionOptions = {}): CompiledExecution {
  refuseFaults('compiledExecution', faultsOf(options));
  const { otherwise, ...bounds } = withDefaults(DEFAULTS, options);
  const operations = new CompiledOperations(bounds);
  let compiled = 0;
  let left = 0;
  const leave = (args: ExecutionArgs): PreparedExecution => ({
    isPlanned: false,
    execute: () => {
      left += 1;
      return otherwise(args);
    },
  });
  const prepare = (args: ExecutionArgs): PreparedExecution => {
    const operation = IS_PROVEN && isUsual(args) ? knownOperation(operations, args) : undefined;
    const variant = operation?.variantFor(args.schema, args.variableValues ?? {});
    if (operation === undefined || variant === undefined) return leave(args);
    const run = runOf(args, operation, variant);
    if (run === undefined) return leave(args);
    return {
      isPlanned: true,
      execute: () => {
        compiled += 1;
        return executePlan(run, variant.root, args.rootValue);
      },
    };
  };
  return {
    prepare,
    execute: (args) => prepare(args).execute(),
    stats: () => ({ compiled, left, operations: operations.size, bytes: operations.bytes }),
  };
}

function faultsOf(options: CompiledExecutionOptions): string[] {
  const faults = unknownOptions(options, KNOWN);
  for (const name of ['maxBytes', 'maxLength', 'maxFields'] as const) {
    const bound = options[name];
    if (bound === undefined || (Number.isSafeInteger(bound) && bound > 0)) continue;
    faults.push(`${name} must be a positive whole number, but got ${written(bound)}`);
  }
  const { otherwise } = options;
  if (otherwise !== undefined && typeof otherwise !== 'function') {
    faults.push(`otherwise must be a function, but got ${written(otherwise)}`);
  }
  return faults;
}

/** Whether the arguments are what they should be, and nothing resolves fields or types but the schema. */
function isUsual(args: ExecutionArgs): boolean {
  const { schema, document, variableValues, fieldResolver, typeResolver } = args;
  if (!isObject(schema) || !isObject(document)) return false;
  if (variableValues != null && typeof variableValues !== 'object') return false;
  return (
    !isToldMore(args) &&
    (fieldResolver == null || fieldResolver === defaultFieldResolver) &&
    (typeResolver == null || typeResolver === defaultTypeResolver)
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** Arguments of graphql-js: how each is heeded by plans has been proven. */
const ARGUMENTS: ReadonlySet<string> = new Set(
  Object.keys({
    schema: true,
    document: true,
    rootValue: true,
    contextValue: true,
    variableValues: true,
    operationName: true,
    fieldResolver: true,
    typeResolver: true,
    subscribeFieldResolver: true,
    options: true,
    hideSuggestions: true,
  } satisfies Record<keyof ExecutionArgs, true>),
);

/** Other executors take more: a signal that ends what they do, or that errors are told with their coordinates. */
function isToldMore(args: ExecutionArgs): boolean {
  for (const name in args) if (!ARGUMENTS.has(name) && Reflect.get(args, name) != null) return true;
  return false;
}

function knownOperation(
  operations: CompiledOperations,
  { schema, document, operationName }: ExecutionArgs,
): Operation | undefined {
  const operation = operations.find(schema, document, operationName ?? undefined);
  if (operation === undefined) return undefined;
  return operations.prepare(operation, schema, document) ? operation : undefined;
}

/** Undefined where the variables are wrong: that is told by the other executor. */
function runOf(
  { schema, rootValue, contextValue, variableValues, options, hideSuggestions }: ExecutionArgs,
  { definition }: Operation,
  { compiler, fragments }: Variant,
): Run | undefined {
  const { coerced } = getVariableValues(schema, definition.variableDefinitions ?? [], variableValues ?? {}, {
    maxErrors: options?.maxCoercionErrors ?? MAX_COERCION_ERRORS,
    hideSuggestions: hideSuggestions ?? false,
  });
  if (coerced === undefined) return undefined;
  return new Run({
    // One by one: what follows a spread makes V8 give every object a shape of its own, which the garbage collector pays for.
    compiler,
    schema,
    operation: definition,
    fragments,
    rootValue,
    contextValue,
    variableValues: coerced,
  });
}
