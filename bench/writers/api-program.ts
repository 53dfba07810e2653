import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createCache } from '../../src/cache/index.js';
import { postgresOutbox } from '../../src/cache/postgres/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import { cacheLog } from '../../test/support/cache-log.js';
import { PROBED, WRITTEN } from './movies.js';
import type { ApiSettings } from './api-process.js';

const SEEN_WITHIN_MS = 30_000;
const ASK_AGAIN_MS = 10;
/** On average; a probe is never in step with what looks from time to time. */
const PAUSE_MS = 150;

/**
 * A process of an API, as far as writers of its database meet it. When asked, it probes: a row is changed on a connection that
 * the cache knows nothing of, and read through the cache until the change is seen.
 */
async function main({ source, databaseUrl, redisUrl, prefix, number, of }: ApiSettings): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 5 });
  const others = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  const log = cacheLog();
  const cache = createCache({
    store: redisStore(new Redis(redisUrl, { lazyConnect: true }), { prefix }),
    outbox: postgresOutbox({
      pool,
      tables: { Movie: {} },
      source,
      log: { info: () => undefined, warn: console.error },
    }),
    fetches: ['Movie'],
    log,
  });
  await cache.start();
  const read = (id: number): Promise<number> =>
    cache.fetch(`Movie:${id}`, { ttl: 3600 }, async () => {
      const { rows } = await pool.query<{ version: number }>(
        'SELECT "version" FROM "Movie" WHERE "id" = $1',
        [id],
      );
      return rows[0]?.version ?? 0;
    });
  // Each process has films of its own.
  const share = Math.floor(PROBED / of);
  const first = WRITTEN + 1 + number * share;
  let [isProbing, lagsMs] = [false, [] as number[]];
  const probe = async (): Promise<void> => {
    for (let probed = 0; isProbing; probed += 1) {
      const id = first + (probed % share);
      await read(id);
      await passes(PAUSE_MS * 2 * Math.random());
      const { rows } = await others.query<{ version: number }>(
        'UPDATE "Movie" SET "version" = "version" + 1 WHERE "id" = $1 RETURNING "version"',
        [id],
      );
      const sinceMs = performance.now();
      while ((await read(id)) < (rows[0]?.version ?? 0)) {
        if (performance.now() - sinceMs > SEEN_WITHIN_MS) break;
        await passes(ASK_AGAIN_MS);
      }
      lagsMs.push(performance.now() - sinceMs);
    }
  };
  let probing: Promise<void> = Promise.resolve();
  process.on('message', (message) => {
    if (message === 'probe') {
      [isProbing, lagsMs] = [true, []];
      probing = probe();
      probing.catch((error: unknown) => console.error(error));
    } else if (message === 'end of probe') {
      isProbing = false;
      void probing.finally(() => process.send?.({ lagsMs }));
    } else {
      void Promise.allSettled([cache.close()]).finally(() => process.exit(0));
    }
  });
  process.on('disconnect', () => process.exit(1));
  process.send?.({ ready: true });
}

await main(JSON.parse(process.argv[2] ?? '{}') as ApiSettings);
