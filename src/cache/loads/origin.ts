import type { FlushedWrite } from '../journal/flush-target.js';
import type { VaryValues } from '../keys/variant.js';

/**
 * Where truth lives for one namespace of keys. The engine knows nothing of databases; the application registers
 * origins by namespace: `Movie:{args.id}` asks `origins.Movie`.
 */
export interface Origin<Context = unknown> {
  /**
   * Loads many ids at once. The answer has one element per id, in the order of the ids: the value, null where there
   * is none, or an Error for an id that failed by itself. A rejection fails all of them. Ids are never repeated.
   * `context` is the context of one of the requests that wait; for PUBLIC fields it does not reveal the viewer. `variant`
   * holds what the fields vary by, such as `{ locale: 'de' }`: what is loaded is stored for readers with the same values.
   */
  load?(ids: readonly string[], context: Context, variant: VaryValues): Promise<readonly unknown[]>;
  /**
   * Writes accepted writes into the database: all of them, or none and rejects. A row whose number is not lower than the
   * write's stays as it is, which is no error: `… ON CONFLICT … DO UPDATE … WHERE row.wb_seq < new.wb_seq`. Called by
   * flushers of any process, also twice or late, and in no request: `context` is what `backgroundContext` of the options makes.
   */
  flush?(writes: readonly FlushedWrite[], context: Context): Promise<void>;
  /**
   * Whether trying again is of no use, since the row itself is refused: a constraint, a type. Such a row goes to the dead
   * letters at once, with false it is tried until it is taken. Absent, or undefined where it cannot be told: after ten
   * attempts while others get through.
   */
  isPermanent?(error: unknown): boolean | undefined;
}

/** The names of what an origin may have. */
export const originMembers = {
  load: true,
  flush: true,
  isPermanent: true,
} satisfies Record<keyof Origin, true>;

/** An origin that loads. */
export type LoadingOrigin = Origin & Required<Pick<Origin, 'load'>>;

/** Most ids in one call of an origin; more are loaded in several calls. */
export const MAX_IDS_PER_LOAD = 1000;
