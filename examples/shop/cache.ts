import { readFile } from 'node:fs/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import { createCache } from 'graphql-corral';
import { flushInto, postgresOutbox, tablesOfPrisma } from 'graphql-corral/postgres';
import { redisJournal, redisStore } from 'graphql-corral/redis';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { PrismaClient } from './generated/client.js';

export interface Context {
  readonly db: PrismaClient;
  readonly customerId?: string | undefined;
}

export const pool = new Pool({ connectionString: process.env['DATABASE_URL'] });
export const db = new PrismaClient({ adapter: new PrismaPg(pool) });

const redis = new Redis(process.env['REDIS_URL'] ?? '', { lazyConnect: true });
const tables = await tablesOfPrisma(await readFile('prisma/schema.prisma', 'utf8'));

export const cache = createCache<Context>({
  store: redisStore(redis, { prefix: 'shop' }),
  journal: redisJournal(redis, { prefix: 'shop', storePrefix: 'shop' }),
  // Triggers write down what any program changes. An order that changes also ends the list of its product's orders.
  outbox: postgresOutbox({
    pool,
    schema: 'corral',
    tables: { ...tables, Order: { ...tables['Order'], tags: ['OrdersOf:{productId}'] } },
  }),
  origins: {
    Product: {
      // READ_THROUGH: one element for each id, in their order.
      load: async (ids, { db }) => {
        const products = await db.product.findMany({ where: { id: { in: ids.map(Number) } } });
        return ids.map((id) => products.find((product) => String(product.id) === id) ?? null);
      },
    },
    // WRITE_BEHIND: one statement for many carts, and never an older state over a newer one.
    Cart: flushInto({ pool, table: 'Cart', id: ['customerId'], columns: ['items', 'seenAt'], seq: 'wbSeq' }),
  },
  viewer: ({ customerId }) => customerId,
  neutral: ['db'], // all that loads for everybody may read of the context
  warm: { 'Query.bestSellers': () => [{}] },
  backgroundContext: () => ({ db }), // for loads that no request asked for
});
