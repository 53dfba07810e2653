import { CacheError } from '../errors.js';

export type ViewerId = string | number | undefined;

/** How the engine learns who is asking. Reads one property of the context, such as `context.viewer?.id`. */
export type ViewerOf = (context: unknown) => ViewerId;

/** Properties by which contexts usually give the viewer away, besides those that `viewer` itself reads. */
const REVEALING: ReadonlySet<PropertyKey> = new Set([
  'viewer',
  'user',
  'currentUser',
  'session',
  'token',
  'auth',
  'cookies',
  'headers',
  'req',
  'request',
  // Where a request hangs from its answer: `reply.request`, `res.req`.
  'reply',
  'res',
  'response',
]);

export interface GuardedContext {
  readonly context: unknown;
  /** True once the load has touched the viewer: its value belongs to that viewer alone. */
  touched(): boolean;
}

export interface ViewerGuardOptions {
  readonly viewerOf: ViewerOf;
  /** True in development and test: touching the viewer throws. In production it is only noted. */
  readonly throws: boolean;
}

/** Makes contexts that refuse to reveal the viewer, for the loads of PUBLIC fields. */
export type ViewerGuard = (context: unknown, coordinates: string) => GuardedContext;

export function createViewerGuard({ viewerOf, throws }: ViewerGuardOptions): ViewerGuard {
  return (context, coordinates) => {
    if (typeof context !== 'object' || context === null) return { context, touched: () => false };
    const guarded = propertiesReadBy(viewerOf, context);
    let touched = false;
    // Whether there is a viewer is an answer too: a guest's load that looks for one is no load for everybody.
    const check = (property: PropertyKey): void => {
      if (!guarded.has(property) && !REVEALING.has(property)) return;
      touched = true;
      if (throws) throw viewerTouched(coordinates, property);
    };
    const proxy: unknown = new Proxy(context, {
      get(target, property) {
        check(property);
        const value: unknown = Reflect.get(target, property);
        return value;
      },
      has(target, property) {
        check(property);
        return Reflect.has(target, property);
      },
      getOwnPropertyDescriptor(target, property) {
        check(property);
        return Reflect.getOwnPropertyDescriptor(target, property);
      },
    });
    return { context: proxy, touched: () => touched };
  };
}

function viewerTouched(coordinates: string, property: PropertyKey): CacheError {
  return new CacheError(
    'CACHE_VIEWER_IN_PUBLIC_LOAD',
    `${coordinates} is cached for everybody (scope: PUBLIC), but its load read context.${String(property)}; ` +
      'give the field scope: PRIVATE, or do not look at the viewer',
  );
}

function propertiesReadBy(viewerOf: ViewerOf, context: object): ReadonlySet<PropertyKey> {
  const names = new Set<PropertyKey>();
  const recorder: unknown = new Proxy(context, {
    get(target, property) {
      names.add(property);
      const value: unknown = Reflect.get(target, property);
      return value;
    },
  });
  viewerOf(recorder);
  return names;
}
