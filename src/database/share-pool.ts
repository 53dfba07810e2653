import { AsyncLocalStorage } from 'node:async_hooks';
import type pg from 'pg';
import { connectionShares } from './connection-shares.js';

/** Sessions are read before anything else of a request is. */
const FIRST = 'Session';
const TRANSACTIONS = 'transactions';
const NO_TABLE = 'statements without a table';
/** Tables as the migrations name them; columns begin with a small letter. */
const TABLE = /"([A-Z][A-Za-z]*)"/g;

/** Has the transactions that `work` begins count for this table: nothing else tells what they will ask for. */
export type ForTable = <T>(table: string, work: () => Promise<T>) => Promise<T>;

/** Where there are too few connections to be shared. */
export const unshared: ForTable = (_table, work) => work();

type Callback = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/**
 * Shares the connections of a pool between the tables that statements are about: a table that is locked, or slow, takes
 * half of them and not all. Transactions that no `forTable` names count as those of one table.
 */
export function sharePool(pool: pg.Pool, { places, waitMs }: { places: number; waitMs: number }): ForTable {
  const shares = connectionShares({ places, waitMs, first: FIRST });
  const placeOf = new WeakMap<pg.PoolClient, () => void>();
  // The pool asks itself for a connection in the same moment in which it is given a statement.
  let ofStatement: readonly string[] | undefined;
  const named = new AsyncLocalStorage<readonly string[]>();
  let underName = 0;
  pool.on('release', (_error, client) => {
    placeOf.get(client)?.();
    placeOf.delete(client);
  });

  const { connect, query } = pool;
  const connectNow = (): Promise<pg.PoolClient> =>
    new Promise((resolve, reject) => {
      connect.call(pool, (error, client) => {
        if (client === undefined) reject(error ?? new Error('the pool gave no connection'));
        else resolve(client);
      });
    });
  const connectShared = async (owners: readonly string[]): Promise<pg.PoolClient> => {
    const giveBack = await shares.take(owners);
    try {
      const client = await connectNow();
      placeOf.set(client, giveBack);
      return client;
    } catch (error) {
      giveBack();
      throw error;
    }
  };
  pool.connect = new Proxy(connect, {
    apply(_target, _receiver, [callback]: [Callback | undefined]) {
      const connecting = connectShared(ofStatement ?? named.getStore() ?? [TRANSACTIONS]);
      if (callback === undefined) return connecting;
      connecting.then(
        (client) =>
          callback(undefined, client, (release) => client.release(isFault(release) ? release : undefined)),
        (error: unknown) =>
          callback(error instanceof Error ? error : new Error(String(error)), undefined, () => undefined),
      );
      return undefined;
    },
  });
  pool.query = new Proxy(query, {
    apply(target, _receiver, parameters: unknown[]) {
      ofStatement = tablesOf(parameters[0]);
      try {
        return Reflect.apply(target, pool, parameters);
      } finally {
        ofStatement = undefined;
      }
    },
  });
  return async (table, work) => {
    underName += 1;
    try {
      return await named.run([table], work);
    } finally {
      underName -= 1;
      // While it is on, it slows every promise of the process down.
      if (underName === 0) named.disable();
    }
  };
}

function isFault(release: unknown): release is Error | boolean {
  return release instanceof Error || typeof release === 'boolean';
}

function tablesOf(statement: unknown): readonly string[] {
  const isNamed = typeof statement === 'object' && statement !== null && 'text' in statement;
  const text = isNamed ? statement.text : statement;
  const tables = new Set(Array.from(String(text).matchAll(TABLE), ([, table = '']) => table));
  return tables.size === 0 ? [NO_TABLE] : [...tables];
}
