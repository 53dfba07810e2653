import type { CacheOptions } from './cache-options.js';
import type { HttpOptions } from './http/http-options.js';
import type { FlushTarget } from './journal/flush-target.js';
import type { VaryValues } from './keys/variant.js';
import type { LoadingOrigin, Origin } from './loads/origin.js';
import type { Services } from './loads/services.js';
import { checkedViewer } from './vary/viewer-id.js';

/*
 * The functions of the options that take the context of a schema, as functions of any context: what it is its owner says, and
 * the engine only hands it on.
 */

/** All origins, by their namespaces. */
export function originsOf<Context>({ origins = {} }: CacheOptions<Context>): ReadonlyMap<string, Origin> {
  return new Map(Object.entries(origins).map(([namespace, origin]) => [namespace, forAnyContext(origin)]));
}

/** Those of the origins that load. */
export function loadingOrigins(origins: ReadonlyMap<string, Origin>): ReadonlyMap<string, LoadingOrigin> {
  return new Map(
    Array.from(origins).flatMap(([namespace, origin]): [string, LoadingOrigin][] =>
      canLoad(origin) ? [[namespace, origin]] : [],
    ),
  );
}

/** Those of the origins that flush. */
export function flushTargets(
  origins: ReadonlyMap<string, Origin>,
  context: () => unknown,
): ReadonlyMap<string, FlushTarget> {
  return new Map(
    Array.from(origins).flatMap(([namespace, origin]): [string, FlushTarget][] => {
      if (origin.flush === undefined) return [];
      const flush: FlushTarget['flush'] = async (writes) => origin.flush?.(writes, await context());
      return [[namespace, { flush, isPermanent: (error) => origin.isPermanent?.(error) }]];
    }),
  );
}

/** What makes the contexts of work that no request waits for. */
export function backgroundContext<Context>({
  backgroundContext: make,
}: CacheOptions<Context>): (variant: VaryValues) => unknown {
  return make ?? (() => ({}));
}

export function authorizer<Context>(authorize: CacheOptions<Context>['authorize']): Services['authorize'] {
  return (
    authorize &&
    ((coordinate, parent, args, context) => authorize(coordinate, parent, args, context as Context))
  );
}

export function httpForAnyContext<Context>({ mayRefresh, ...others }: HttpOptions<Context>): HttpOptions {
  return {
    ...others,
    ...(mayRefresh && { mayRefresh: (context: unknown) => mayRefresh(context as Context) }),
  };
}

export function viewerFinder<Context>(viewer: CacheOptions<Context>['viewer']): Services['viewerOf'] {
  return (context) => checkedViewer(() => viewer?.(context as Context));
}

function forAnyContext<Context>(origin: Origin<Context>): Origin {
  const { load, flush, isPermanent } = origin;
  return {
    ...(load && { load: (ids, context, variant) => load.call(origin, ids, context as Context, variant) }),
    ...(flush && { flush: (writes, context) => flush.call(origin, writes, context as Context) }),
    ...(isPermanent && { isPermanent: (error) => isPermanent.call(origin, error) }),
  };
}

function canLoad(origin: Origin): origin is LoadingOrigin {
  return origin.load !== undefined;
}
