import type { Command } from 'commander';
import type { Redis } from 'ioredis';
import { CommandFault, wrongCommand } from '../command-fault.js';
import { needing } from '../needing.js';
import type { Surroundings } from '../surroundings.js';

export interface RedisFlags {
  readonly redis?: string;
  readonly prefix: string;
  readonly json?: boolean;
}

const A_CLUSTER =
  'The URL names a Redis Cluster, which the command line does not know; call cache.invalidate and cache.writes where the cache is.';

/** Milliseconds within which a server must answer: a person waits, and it may be far away. */
const ANSWERS_WITHIN_MS = 5000;

/** Settings of the store and the journal for a command: what a request could not wait for, a person can. */
export const patient = { commandTimeoutMs: ANSWERS_WITHIN_MS } as const;

/** Adds how the server is found. */
export function withRedisOptions(command: Command): Command {
  return command
    .option('--redis <url>', 'of the Redis that the processes share; default: the variable REDIS_URL')
    .option('--prefix <prefix>', 'the prefix of the store and of the journal', 'corral')
    .option('--json', 'prints JSON');
}

/** Connects, has `work` done, and disconnects. @throws CommandFault where there is no server, or it does not answer. */
export async function withRedis<Result>(
  { redis: given }: RedisFlags,
  { environment }: Surroundings,
  work: (client: Redis) => Promise<Result>,
): Promise<Result> {
  const url = given ?? environment['REDIS_URL'];
  if (url === undefined) throw wrongCommand('Name the server with --redis, or in the variable REDIS_URL.');
  if (/[?&]cluster=true$/i.test(url)) throw wrongCommand(A_CLUSTER);
  if (!URL.canParse(url)) throw wrongCommand('--redis must be a URL such as redis://localhost:6379.');
  const client = await clientOf(url);
  let why = '';
  client.on('error', (error: Error) => (why = error.message));
  try {
    await client.connect().catch((error: unknown) => {
      throw new CommandFault(`${shownUrl(url)} does not answer: ${why || String(error)}`);
    });
    return await work(client);
  } finally {
    client.disconnect();
  }
}

async function clientOf(url: string): Promise<Redis> {
  const { Redis: Client } = await needing('ioredis', () => import('ioredis'));
  return new Client(url, {
    lazyConnect: true,
    connectTimeout: ANSWERS_WITHIN_MS,
    commandTimeout: ANSWERS_WITHIN_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
}

/** Without a password. */
function shownUrl(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
