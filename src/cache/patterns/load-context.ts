import { withFreshLoaders } from './fresh-loaders.js';
import type { CacheScope } from './read-policy.js';
import type { GuardedContext, ViewerGuard } from './viewer-guard.js';

/** Makes the context of a load whose value may be stored. */
export type LoadContext = (scope: CacheScope, context: unknown, coordinates: string) => GuardedContext;

/** For PUBLIC loads it hides the viewer; for all loads its DataLoaders begin anew. */
export function createLoadContext(guardViewer: ViewerGuard): LoadContext {
  return (scope, context, coordinates) => {
    const fresh = withFreshLoaders(context);
    return scope === 'PUBLIC' ? guardViewer(fresh, coordinates) : { context: fresh, touched: () => false };
  };
}
