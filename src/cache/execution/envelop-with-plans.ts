import { execute as executeByGraphql } from 'graphql';
import { isPlainExecutor, notePlainExecutor } from '../plain-executors.js';
import { compiledExecution, type CompiledExecutionOptions, type Execute } from './compiled-execution.js';

/** A plugin for Envelop, and so for GraphQL Yoga. */
export interface PlansPlugin {
  onExecute(started: PlannedExecution): undefined;
}

/** What the plugin reads of an execution that begins, and how it takes it over. */
export interface PlannedExecution {
  readonly executeFn: Execute;
  setExecuteFn(execute: Execute): void;
}

/**
 * Executes the queries of GraphQL Yoga, or of another server on Envelop, by plans. It takes the place of the executor of
 * graphql-js or of Yoga only: where a plugin before it has set another one, as caches of answers do, that one stays. What is
 * not compiled goes to the executor that was found. Stands before such plugins, so that they wrap it.
 * @throws CacheError naming every option that does not exist or cannot be.
 */
export function plansPlugin(options: Omit<CompiledExecutionOptions, 'otherwise'> = {}): PlansPlugin {
  const executors = new WeakMap<Execute, Execute>();
  const executorFor = (otherwise: Execute): Execute => {
    const known =
      executors.get(otherwise) ?? notePlainExecutor(compiledExecution({ ...options, otherwise }).execute);
    executors.set(otherwise, known);
    return known;
  };
  // Faults are told where the plugin is made.
  executorFor(executeByGraphql);
  return {
    onExecute: ({ executeFn, setExecuteFn }) => {
      if (isPlainExecutor(executeFn)) setExecuteFn(executorFor(executeFn));
      return undefined;
    },
  };
}
