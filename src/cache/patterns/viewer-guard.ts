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
    const check = (property: PropertyKey): void => {
      if (!guarded.has(property) && !REVEALING.has(property)) return;
      touched = true;
      if (throws) throw viewerTouched(coordinates, property);
    };
    const proxy: unknown = new Proxy(context, {
      get(target, property) {
        if (property in target) check(property);
        const value: unknown = Reflect.get(target, property);
        return value;
      },
      getOwnPropertyDescriptor(target, property) {
        if (property in target) check(property);
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
