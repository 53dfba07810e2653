import { ApolloServer, type ApolloServerOptions } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import { errorPlugin } from '../api-errors/error-plugin.js';
import { createFormatError } from '../api-errors/format-error.js';
import { asksForEvidence } from '../cache/apollo/index.js';
import { apolloWithPlans } from '../cache/execution/index.js';
import { type Cache } from '../cache/index.js';
import type { Config } from '../config.js';
import type { ApiContext } from '../context.js';
import { costPlugin } from '../limits/cost-plugin.js';
import { limitRules } from '../limits/limit-rules.js';
import { limits } from '../limits/limits.js';
import { knownOperations } from '../schema/known-operations.js';
import type { Recording } from '../traffic/recording.js';
import { recordingPlugin } from '../traffic/recording-plugin.js';
import { createDocumentStore } from './document-store.js';
import { landingPage } from './landing-page.js';

export interface ApolloParts {
  readonly schema: GraphQLSchema;
  readonly environment: Config['environment'];
  readonly compilesQueries: boolean;
  readonly app: FastifyInstance;
  readonly cache: Pick<Cache<ApiContext>, 'apolloPlugin'>;
  /** What clients ask is written to it, where there is one. */
  readonly recording: Recording | undefined;
}

/** Apollo Server with everything off that this API does not need, and its limits on. */
export function createApolloServer({
  schema,
  environment,
  compilesQueries,
  app,
  cache,
  recording,
}: ApolloParts): ApolloServer<ApiContext> {
  const isProduction = environment === 'production';
  const cachePlugin = cache.apolloPlugin({
    evidence: (request) =>
      asksForEvidence(request) && (!isProduction || request.contextValue.viewer?.role === 'ADMIN'),
  });
  const [costs, errors] = [costPlugin(schema), errorPlugin()];
  const options = {
    schema,
    nodeEnv: environment,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    documentStore: createDocumentStore(),
    introspection: !isProduction,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    formatError: createFormatError({ hidesSchema: isProduction }),
    parseOptions: { maxTokens: limits.tokens },
    validationRules: [...limitRules, knownOperations],
    stringifyResult: cachePlugin.stringifyResult,
    logger: app.log,
    plugins: [
      // It would wrap every field of the schema.
      ApolloServerPluginCacheControlDisabled(),
      isProduction ? ApolloServerPluginLandingPageDisabled() : landingPage(),
      fastifyApolloDrainPlugin(app),
      costs,
      cachePlugin,
      errors,
      // It sees each request, so that nothing is answered in front of the server.
      ...(recording === undefined ? [] : [recordingPlugin(schema, recording)]),
    ],
  } satisfies ApolloServerOptions<ApiContext>;
  const server = new ApolloServer<ApiContext>(compilesQueries ? apolloWithPlans(options) : options);
  // What an operation costs is the same each time, and an answer that was kept has no errors.
  return cachePlugin.answerInFrontOf(server, { without: [costs, errors] });
}
