import type { Redis } from 'ioredis';
import { askOnce } from './ask-once.js';

/**
 * Why no sentinel answers that encrypts: of a certificate that is not trusted, on either side, ioredis says only that the connection
 * was closed. Undefined where they do not encrypt, or one of them answers. Never rejects.
 */
export async function whySilent({ options }: Redis, connectTimeoutMs: number): Promise<Error | undefined> {
  const { sentinels, sentinelTLS: tls, sentinelUsername, sentinelPassword } = options;
  if (!sentinels || tls === undefined) return undefined;
  // Loaded here and not with this door, which a project without it may read.
  const { Redis: Client } = await import('ioredis');
  let fault: Error | undefined;
  for (const { host = '127.0.0.1', port = 26_379 } of sentinels) {
    const credentials = {
      ...(sentinelUsername ? { username: sentinelUsername } : {}),
      ...(sentinelPassword ? { password: sentinelPassword } : {}),
    };
    const sentinel = new Client({ host, port, tls, ...credentials, lazyConnect: true });
    const asked = askOnce(sentinel, connectTimeoutMs, (redis) => redis.ping());
    const why = await asked.then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    if (why === undefined) return undefined;
    fault ??= why;
  }
  return fault;
}
