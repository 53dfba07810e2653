import type { Redis, RedisOptions } from 'ioredis';

/** Asks a server on a connection of its own, which ends then. @throws Error why it does not answer. */
export async function askOnce<T>(
  template: Redis,
  connectTimeoutMs: number,
  question: (redis: Redis) => Promise<T>,
): Promise<T> {
  const options: Partial<RedisOptions> = {
    connectTimeout: connectTimeoutMs,
    commandTimeout: connectTimeoutMs,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    protocol: 2,
    retryStrategy: () => null,
  };
  const client = template.duplicate(options);
  let fault: Error | undefined;
  client.on('error', (error: Error) => (fault = error));
  try {
    await client.connect();
    return await question(client);
  } catch (error) {
    throw fault ?? error;
  } finally {
    client.disconnect();
  }
}
