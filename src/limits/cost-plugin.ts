import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLSchema } from 'graphql';
import { limitExceeded } from '../api-errors/api-error.js';
import type { ApiContext } from '../context.js';
import { limits } from './limits.js';
import { createCostEstimate } from './operation-cost.js';

/** Refuses operations that cost too much, before anything of them runs. Needs the variables, so it is no rule. */
export function costPlugin(schema: GraphQLSchema): ApolloServerPlugin<ApiContext> {
  const estimate = createCostEstimate(schema);
  const listener = {
    didResolveOperation({ document, operation, request }: Resolved): Promise<void> {
      // An unknown operation name; Apollo Server says so.
      if (operation === undefined) return Promise.resolve();
      const cost = estimate({ document, operation, variables: request.variables ?? {} });
      if (cost <= limits.cost) return Promise.resolve();
      return Promise.reject(
        limitExceeded(
          `The operation would cost ${cost}, but at most ${limits.cost} are allowed; ask for shorter lists, or in several operations.`,
        ),
      );
    },
  };
  return { requestDidStart: () => Promise.resolve(listener) };
}

type Listener = Exclude<
  Awaited<ReturnType<NonNullable<ApolloServerPlugin<ApiContext>['requestDidStart']>>>,
  void
>;
type Resolved = Parameters<NonNullable<Listener['didResolveOperation']>>[0];
