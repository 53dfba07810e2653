import {
  isSchema,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLSchema,
} from 'graphql';
import { refuseFaults } from '../unknown-options.js';
import { earlyAnswers, type EarlyPlugin, type EarlyRequest } from './apollo-early-answers.js';
import { compiledExecution, type CompiledExecution } from './compiled-execution.js';

/** What is read of the options of Apollo Server, all of which stay as they are. */
export interface ApolloOptions {
  readonly schema: GraphQLSchema;
  readonly rootValue?: unknown;
  readonly fieldResolver?: ExecutionArgs['fieldResolver'];
  readonly executionOptions?: ExecutionArgs['options'];
  readonly typeDefs?: undefined;
  readonly resolvers?: undefined;
  readonly gateway?: undefined;
}

/** What is read of a request; any Apollo Server 4 or 5 request fits. */
export interface ApolloRequest {
  readonly request: { readonly variables?: Record<string, unknown>; readonly operationName?: string };
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly context: unknown;
  readonly metrics?: object | undefined;
}

/** What Apollo Server takes as its gateway: the one door that it has for another executor. */
export interface PlansGateway {
  load(): Promise<{ readonly executor: (request: ApolloRequest) => Promise<ExecutionResult> }>;
  /**
   * Its listener is told the schema and nothing else, as in a server without a gateway. What Apollo Server declares asks for the
   * text of a supergraph too, which it would report in place of the schema, so nothing can be told by that type.
   */
  onSchemaLoadOrUpdate(listener: (loaded: never) => void): () => void;
  stop(): Promise<void>;
}

/** Options of an Apollo Server that executes by plans. */
export type OptionsWithPlans<Options extends ApolloOptions, Plugin extends object> = Omit<
  Options,
  'schema' | 'typeDefs' | 'resolvers' | 'gateway' | 'plugins'
> & {
  readonly gateway: PlansGateway;
  plugins: (Plugin | EarlyPlugin)[];
};

/**
 * The options of an Apollo Server, so that it executes queries by plans: a plugin answers what has a plan, and the schema is
 * served as that of a gateway, which is the one way in for another executor, for all else. `rootValue`, `fieldResolver` and `executionOptions`, which Apollo Server hands to no
 * gateway, hold as before; with a `fieldResolver` everything is left to graphql-js.
 * @throws CacheError where the options have no `schema` of their own.
 */
export function apolloWithPlans<Options extends ApolloOptions, Plugin extends object = never>(
  options: Options & { readonly plugins?: readonly Plugin[] | undefined },
  compiled: CompiledExecution = compiledExecution(),
): OptionsWithPlans<Options, Plugin> {
  const { schema, typeDefs, resolvers, gateway, plugins = [], ...others } = options;
  refuseFaults('apolloWithPlans', [
    ...(isSchema(schema) ? [] : ['schema must be a GraphQLSchema; make one of typeDefs and resolvers']),
    ...(gateway === undefined ? [] : ['a server that has a gateway already executes nothing by itself']),
    ...(typeDefs === undefined && resolvers === undefined
      ? []
      : ['typeDefs and resolvers belong into schema']),
  ]);
  const { rootValue, fieldResolver, executionOptions } = options;
  const argsOf = (request: Omit<EarlyRequest<unknown>, 'metrics' | 'response'>): ExecutionArgs => {
    const { document, request: asked } = request;
    const args: ExecutionArgs = {
      // That of the request, as a server may have loaded another one since.
      schema: request.schema,
      document,
      contextValue: request.contextValue,
      variableValues: asked.variables,
      operationName: asked.operationName,
      rootValue:
        typeof rootValue === 'function' ? Reflect.apply(rootValue, undefined, [document]) : rootValue,
      fieldResolver,
    };
    // Written so, requests make one object of one shape.
    if (executionOptions !== undefined) Object.assign(args, { options: executionOptions });
    return args;
  };
  const early = earlyAnswers<Plugin>({ plugins, compiled, argsOf });
  const executor = async (request: ApolloRequest): Promise<ExecutionResult> => {
    const { context: contextValue, metrics, schema, document, request: asked } = request;
    const prepared = metrics && early.handed.get(metrics);
    if (prepared !== undefined) return prepared();
    return compiled.execute(argsOf({ schema, document, contextValue, request: asked }));
  };
  return {
    ...others,
    plugins: early.plugins,
    gateway: {
      load: () => Promise.resolve({ executor }),
      onSchemaLoadOrUpdate: (listener) => {
        Reflect.apply(listener, undefined, [{ apiSchema: schema }]);
        return () => undefined;
      },
      stop: () => Promise.resolve(),
    },
  };
}
