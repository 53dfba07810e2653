import { execute as executeByGraphql } from 'graphql';
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

/** The executor of GraphQL Yoga, told by its name: it is of a package that this one does not need. */
const OF_YOGA = 'normalizedExecutor';

/**
 * Executes the queries of GraphQL Yoga, or of another server on Envelop, by plans. It takes the place of the executor of
 * graphql-js or of Yoga only: where a plugin before it has set another one, as caches of answers do, that one stays. What is
 * not compiled goes to the executor that was found. Stands before such plugins, so that they wrap it.
 * @throws CacheError naming every option that does not exist or cannot be.
 */
export function plansPlugin(options: Omit<CompiledExecutionOptions, 'otherwise'> = {}): PlansPlugin {
  const executors = new WeakMap<Execute, Execute>();
  const executorFor = (otherwise: Execute): Execute => {
    const known = executors.get(otherwise) ?? compiledExecution({ ...options, otherwise }).execute;
    executors.set(otherwise, known);
    return known;
  };
  // Faults are told where the plugin is made.
  executorFor(executeByGraphql);
  return {
    onExecute: ({ executeFn, setExecuteFn }) => {
      if (executeFn === executeByGraphql || executeFn.name === OF_YOGA) setExecuteFn(executorFor(executeFn));
      return undefined;
    },
  };
}
