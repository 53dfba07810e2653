/** `graphql-corral/execution`: queries executed by plans, with the answers of graphql-js. Needs graphql only. */
export {
  apolloWithPlans,
  type ApolloLoaded,
  type ApolloOptions,
  type ApolloRequest,
  type PlansGateway,
} from './apollo-with-plans.js';
export {
  compiledExecution,
  type CompiledExecution,
  type CompiledExecutionOptions,
  type CompiledExecutionStats,
  type Execute,
} from './compiled-execution.js';
export { plansPlugin, type PlannedExecution, type PlansPlugin } from './envelop-with-plans.js';
