import { memoOf } from '../memo/memo-of.js';
import type { OperationMemo } from '../memo/operation-memo.js';
import {
  answersOf,
  withCache,
  type EvidenceOptions,
  type EvidenceSource,
} from '../metrics/answer-evidence.js';
import { isPlainExecutor } from '../plain-executors.js';
import { keptExecution, type ExecuteFn } from './kept-execution.js';

/** A plugin for Envelop, and so for GraphQL Yoga. It replaces no schema and wraps no resolver. */
export interface EnvelopPlugin {
  onExecute(started: ExecutionStarted): ExecutionListener | undefined;
}

/** What the plugin reads of an execution that begins. */
export interface ExecutionStarted {
  readonly args: { readonly contextValue?: unknown };
  readonly executeFn: ExecuteFn;
  setExecuteFn(execute: ExecuteFn): void;
}

/** What the plugin does at the end of an execution. */
export interface ExecutionListener {
  onExecuteDone(done: ExecutionDone): undefined;
}

/** What the plugin reads of an answer, and how it adds to it. */
export interface ExecutionDone {
  readonly result: object;
  setResult(result: object): void;
}

/** What `cachePlugin` is told; `evidence` is asked with the context of the request. */
export type EnvelopPluginOptions<Context> = EvidenceOptions<Context>;

/**
 * Adds `extensions.cache` to the answers of GraphQL Yoga, or of another server on Envelop: the evidence, where the request may
 * have it, and to every request that a write of it was acknowledged as `bounded`. Caching works without it. Answers that
 * come in parts (`@defer`, subscriptions) are left as they are.
 * @throws CacheError naming every option that does not exist or cannot be.
 */
export function cachePlugin<Context>(
  cache: EvidenceSource,
  options: EnvelopPluginOptions<Context> = {},
): EnvelopPlugin {
  const begin = answersOf<Context>(cache, { call: 'cachePlugin', options, argument: 'context', headersOf });
  const memo = memoOf(cache);
  const executors = new WeakMap<ExecuteFn, ExecuteFn>();
  const keeping = (memo: OperationMemo, execute: ExecuteFn): ExecuteFn => {
    const known = executors.get(execute) ?? keptExecution(memo, execute);
    executors.set(execute, known);
    return known;
  };
  return {
    onExecute: ({ args: { contextValue: context }, executeFn, setExecuteFn }) => {
      if (memo !== undefined && isPlainExecutor(executeFn)) setExecuteFn(keeping(memo, executeFn));
      if (typeof context !== 'object' || context === null) return undefined;
      // The context of a server is what its owner says it is.
      const told = begin(context as Context, context);
      return {
        onExecuteDone: ({ result, setResult }) => {
          if (Symbol.asyncIterator in result) return;
          const cached = told();
          if (cached === undefined) return;
          const { extensions } = result as { readonly extensions?: object };
          setResult({ ...result, extensions: withCache(extensions, cached) });
        },
      };
    },
  };
}

/** Yoga puts the request into the context as `request`; a server on Node.js has it there as `req`. */
function headersOf(context: unknown): unknown {
  if (typeof context !== 'object' || context === null) return undefined;
  const holder: unknown = Reflect.get(context, 'request') ?? Reflect.get(context, 'req');
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, 'headers') : undefined;
}
