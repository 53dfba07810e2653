import type { FastifyInstance } from 'fastify';
import type { Cache } from '../cache/index.js';
import type { ApiContext } from '../context.js';
import type { Database } from '../database/database.js';
import { sharedCheck } from './shared-check.js';

const PING_MS = 2_000;
/** The connections that are asked are those of the relay as well. */
const PING_SHARED_FOR_MS = 250;

export interface Health {
  readonly database: Pick<Database, 'ping' | 'diskIsFull'>;
  readonly cache: Pick<Cache<ApiContext>, 'stats' | 'warm'>;
}

/**
 * /healthz: the process runs. /readyz: it can also answer, which it cannot without its database, and what it keeps warm
 * is, so that no client waits for the first report. Without its store it can, at the database's speed: taking it out of service then would leave fewer processes for the same load.
 * The same holds while it is blind for what others write, and while the disk of the database is full: it says so, and answers.
 */
export function addHealthRoutes(app: FastifyInstance, { database, cache }: Health): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  const relay = (): { readonly relay?: 'blind' } =>
    cache.stats.relay().blindForMs > 0 ? { relay: 'blind' } : {};
  const ping = sharedCheck(() => database.ping(), PING_SHARED_FOR_MS);
  app.get('/readyz', async (request, reply) => {
    try {
      await withinMs(PING_MS, ping());
      if (!cache.warm.isReady())
        return await reply.code(503).send({ status: 'starting', cache: 'warming up' });
      return {
        status: 'ready',
        database: database.diskIsFull() ? 'disk full' : 'ok',
        cache: cache.stats.storeIsAway() ? 'degraded' : 'ok',
        ...relay(),
      };
    } catch (error) {
      request.log.warn({ reason: String(error) }, 'the database does not answer');
      return reply.code(503).send({ status: 'unavailable', database: 'does not answer', ...relay() });
    }
  });
}

async function withinMs(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
