import type { Redis } from 'ioredis';
import { askOnce } from './ask-once.js';
import { clientOfSentinel } from './sentinel-client.js';

/**
 * Why no sentinel answers that encrypts: of a certificate that is not trusted, on either side, ioredis says only that the connection
 * was closed. Undefined where they do not encrypt, or one of them answers. Never rejects.
 */
export async function whySilent(redis: Redis, connectTimeoutMs: number): Promise<Error | undefined> {
  const { sentinels, sentinelTLS } = redis.options;
  if (!sentinels || sentinelTLS === undefined) return undefined;
  let fault: Error | undefined;
  for (const address of sentinels) {
    const sentinel = await clientOfSentinel(redis, address);
    const asked = askOnce(sentinel, connectTimeoutMs, (client) => client.ping());
    const why = await asked.then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    if (why === undefined) return undefined;
    fault ??= why;
  }
  return fault;
}
