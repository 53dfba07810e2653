import pg from 'pg';
import { onTestFinished } from 'vitest';
import {
  postgresOutbox,
  type PostgresOutboxOptions,
  type Tables,
} from '../../../../src/cache/postgres/index.js';
import type { Outbox } from '../../../../src/cache/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { testLog } from '../../../support/test-log.js';

/** Stands for everything in what a reader was told. */
export const FORGET = 'everything';

export interface LogWorldOptions extends Partial<PostgresOutboxOptions> {
  readonly tables: Tables;
  readonly store?: string | undefined;
  /** Further namespaces that entries use. */
  readonly meant?: readonly string[];
}

/** A database with the outboxes of processes that read its log. */
export function logWorld(url: string) {
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => undefined);
  onTestFinished(() => pool.end());
  return {
    url,
    pool,
    /** Opens the outbox of one process, and drops what it left when the test ends. */
    open: async ({ tables, store, meant = [], ...options }: LogWorldOptions) => {
      const log = testLog();
      const outbox = postgresOutbox({ pool, tables, source: 'log', log, ...options });
      const namespaces = new Set(Object.keys(tables));
      await outbox.open?.({
        namespaces,
        used: new Set([...namespaces, ...MEANT, ...meant]),
        store,
        log: cacheLog(),
      });
      await outbox.register();
      onTestFinished(() => outbox.close());
      return { outbox, log };
    },
  };
}

const MEANT = ['Maker', 'Shelf', 'Flag'];

/** What a look tells, each tag once, sorted. */
export async function told(
  outbox: Outbox,
  { onApply, onForget }: { onApply?: () => Promise<void>; onForget?: () => Promise<void> } = {},
): Promise<string[]> {
  const tags = new Set<string>();
  await outbox.relay(
    async (rows) => {
      await onApply?.();
      for (const row of rows) for (const tag of row.tags) tags.add(tag);
    },
    async () => {
      await onForget?.();
      tags.add(FORGET);
    },
  );
  return [...tags].sort();
}
