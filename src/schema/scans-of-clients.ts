import { mapSchema, MapperKind } from '@graphql-tools/utils';
import { defaultFieldResolver, type GraphQLFieldConfig, type GraphQLSchema } from 'graphql';
import type { Cache } from '../cache/index.js';
import type { ApiContext } from '../context.js';

/** Declares that one resolver answers as another: see `Cache.answersAs`. */
export type AnswersAs = Cache<ApiContext>['answersAs'];

type Reader = Pick<ApiContext, 'scansFor' | 'scans'>;

/** A schema that says for which client these fields scan. It goes around the cached schema, which knows no readers. */
export function scansOfClients(
  schema: GraphQLSchema,
  coordinates: readonly string[],
  answersAs: AnswersAs,
): GraphQLSchema {
  const scanning = new Set(coordinates);
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<unknown, Reader>, field, type) => {
      if (!scanning.has(`${type}.${field}`)) return config;
      const resolve = config.resolve ?? defaultFieldResolver;
      const around: typeof resolve = (parent, args, context, info): unknown =>
        context.scans.forClient(context.scansFor, () => resolve(parent, args, context, info));
      return { ...config, resolve: answersAs(resolve, around) };
    },
  });
}
