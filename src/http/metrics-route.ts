import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { addCacheMetrics, type CountedCache } from '../cache/prometheus/index.js';
import { addSignInMetrics, type SignInBounds } from './sign-in-metrics.js';

/** GET /metrics, in the text format of Prometheus; as JSON for clients that accept nothing else. */
export function addMetricsRoute(
  app: FastifyInstance,
  { cache, services }: { readonly cache: CountedCache; readonly services: SignInBounds },
): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addCacheMetrics(registry, cache);
  addSignInMetrics(registry, services);
  app.get('/metrics', async (request, reply) => {
    if (request.headers.accept === 'application/json') return registry.getMetricsAsJSON();
    const text = await registry.metrics();
    return reply.type(registry.contentType).send(text);
  });
}
