import type { Redis, SentinelAddress } from 'ioredis';

/** A client of a sentinel itself, as a client of the primary asks it; not connected yet. */
export async function clientOfSentinel(
  { options }: Redis,
  { host = '127.0.0.1', port = 26_379 }: Partial<SentinelAddress>,
): Promise<Redis> {
  const { sentinelTLS: tls, sentinelUsername, sentinelPassword } = options;
  // Loaded here and not with this door, which a project without it may read.
  const { Redis: Client } = await import('ioredis');
  return new Client({
    ...{ host, port, lazyConnect: true },
    ...(tls === undefined ? {} : { tls }),
    ...(sentinelUsername ? { username: sentinelUsername } : {}),
    ...(sentinelPassword ? { password: sentinelPassword } : {}),
  });
}
