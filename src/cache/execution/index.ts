/** `graphql-corral/execution`: queries executed by plans, with the answers of graphql-js. Needs graphql only. */
export {
  apolloWithPlans,
  type ApolloOptions,
  type ApolloRequest,
  type OptionsWithPlans,
  type PlansGateway,
} from './apollo-with-plans.js';
export type { EarlyPlugin, EarlyRequest, EarlyResponse } from './apollo-early-answers.js';
export {
  compiledExecution,
  type CompiledExecution,
  type CompiledExecutionOptions,
  type CompiledExecutionStats,
  type Execute,
  type PreparedExecution,
} from './compiled-execution.js';
export { plansPlugin, type PlannedExecution, type PlansPlugin } from './envelop-with-plans.js';
