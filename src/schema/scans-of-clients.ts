import { mapSchema, MapperKind } from '@graphql-tools/utils';
import { defaultFieldResolver, type GraphQLFieldConfig, type GraphQLSchema } from 'graphql';
import type { ApiContext } from '../context.js';

type Reader = Pick<ApiContext, 'scansFor' | 'scans'>;

/** A schema that says for which client these fields scan. It goes around the cached schema, which knows no readers. */
export function scansOfClients(schema: GraphQLSchema, coordinates: readonly string[]): GraphQLSchema {
  const scanning = new Set(coordinates);
  return mapSchema(schema, {
    [MapperKind.OBJECT_FIELD]: (config: GraphQLFieldConfig<unknown, Reader>, field, type) => {
      if (!scanning.has(`${type}.${field}`)) return config;
      const resolve = config.resolve ?? defaultFieldResolver;
      return {
        ...config,
        resolve: (parent, args, context, info): unknown =>
          context.scans.forClient(context.scansFor, () => resolve(parent, args, context, info)),
      };
    },
  });
}
