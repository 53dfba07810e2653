/** `graphql-corral/execution`: queries executed by plans, with the answers of graphql-js. Needs graphql only. */
export {
  compiledExecution,
  type CompiledExecution,
  type CompiledExecutionOptions,
  type CompiledExecutionStats,
  type Execute,
} from './compiled-execution.js';
