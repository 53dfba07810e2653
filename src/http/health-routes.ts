import type { FastifyInstance } from 'fastify';
import type { Database } from '../database/database.js';

const PING_MS = 2_000;

/** /healthz: the process runs. /readyz: it can also answer, which it cannot without its database. */
export function addHealthRoutes(app: FastifyInstance, database: Pick<Database, 'ping'>): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (request, reply) => {
    try {
      await withinMs(PING_MS, database.ping());
      return { status: 'ready', database: 'ok' };
    } catch (error) {
      request.log.warn({ reason: String(error) }, 'the database does not answer');
      return reply.code(503).send({ status: 'unavailable', database: 'does not answer' });
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
