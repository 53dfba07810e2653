/**
 * Where truth lives for one namespace of keys. The engine knows nothing of databases; the application registers
 * origins by namespace: `Movie:{args.id}` asks `origins.Movie`.
 */
export interface Origin<Context = unknown> {
  /**
   * Loads many ids at once. The answer has one element per id, in the order of the ids: the value, null where there
   * is none, or an Error for an id that failed by itself. A rejection fails all of them. Ids are never repeated.
   * `context` is the context of one of the requests that wait; for PUBLIC fields it does not reveal the viewer.
   */
  load(ids: readonly string[], context: Context): Promise<readonly unknown[]>;
}

/** Most ids in one call of an origin; more are loaded in several calls. */
export const MAX_IDS_PER_LOAD = 1000;
