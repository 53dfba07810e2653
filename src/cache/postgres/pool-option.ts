import type pg from 'pg';

/** What is asked of a pool of the package pg; one that another package made may have it too. */
export interface OutboxPool {
  readonly query: pg.Pool['query'];
  connect(): Promise<pg.PoolClient>;
}

/** A pool, or how to get it: a function is called when the pool is needed. */
export type PoolOption = OutboxPool | (() => OutboxPool | Promise<OutboxPool>);

export async function poolOf(option: PoolOption): Promise<OutboxPool> {
  return typeof option === 'function' ? option() : option;
}
