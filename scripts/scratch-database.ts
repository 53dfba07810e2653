import type { PGlite } from '@electric-sql/pglite';
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import { PrismaPGlite } from 'pglite-prisma-adapter';

export interface ScratchDatabase {
  readonly adapters: SqlMigrationAwareDriverAdapterFactory;
  close(): Promise<void>;
}

/**
 * A database that the schema engine may use once. The engine asks for a main database, which
 * it only looks at, and for a shadow one, in which it replays the migrations: here they are the same.
 */
export function scratchDatabase(database: PGlite): ScratchDatabase {
  const connect = () => scratchAdapter(database);
  return {
    adapters: {
      provider: 'postgres',
      adapterName: 'pglite-prisma-adapter',
      connect,
      connectToShadowDb: connect,
    },
    close: () => database.close(),
  };
}

/** This adapter, unlike the one the server uses, can read the "char" columns of PostgreSQL's catalogue. */
async function scratchAdapter(database: PGlite): Promise<SqlDriverAdapter> {
  const adapter: SqlDriverAdapter = await new PrismaPGlite(database).connect();
  // The adapter's own version does not wait for the script and loses its errors.
  adapter.executeScript = async (script) => {
    await database.exec(script);
  };
  return adapter;
}
