import type pg from 'pg';

/** What is asked of a pool of the package pg; one that another package made may have it too. */
export interface OutboxPool {
  readonly query: pg.Pool['query'];
  connect(): Promise<pg.PoolClient>;
}

/** A pool, or how to get it: a function is called once, when the pool is needed first. */
export type PoolOption = OutboxPool | (() => OutboxPool | Promise<OutboxPool>);

/** The pool of an option, asked for once; again where it could not be had. */
export function poolOf(option: PoolOption): () => Promise<OutboxPool> {
  let asked: Promise<OutboxPool> | undefined;
  return () => {
    asked ??= (async () => (typeof option === 'function' ? await option() : option))();
    asked.catch(() => (asked = undefined));
    return asked;
  };
}
