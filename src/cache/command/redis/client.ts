import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Cluster, Redis } from 'ioredis';
import { quotable } from '../../redis/connection/refusal.js';
import { clientOptions, type TlsOptions } from '../../redis/url/client-options.js';
import { readRedisUrl, redisAddress, type RedisServer } from '../../redis/url/read-redis-url.js';
import { CommandFault, wrongCommand } from '../command-fault.js';
import { needing } from '../needing.js';
import type { Surroundings } from '../surroundings.js';

export interface RedisFlags {
  readonly redis?: string;
  readonly prefix: string;
  readonly json?: boolean;
}

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
  work: (client: Redis | Cluster) => Promise<Result>,
): Promise<Result> {
  const url = given ?? environment['REDIS_URL'];
  if (url === undefined) throw wrongCommand('Name the server with --redis, or in the variable REDIS_URL.');
  const server = readRedisUrl(url, given === undefined ? 'REDIS_URL' : '--redis', wrongCommand);
  const client = await clientOf(server, server.isEncrypted ? await tlsIn(environment) : {});
  let why = '';
  client.on('error', (error: Error) => (why = error.message));
  try {
    await client.connect().catch((error: unknown) => {
      throw new CommandFault(
        `Redis at ${redisAddress(server)} does not answer: ${quotable(why || String(error))}`,
      );
    });
    return await work(client);
  } finally {
    client.disconnect();
  }
}

async function clientOf(server: RedisServer, tls: TlsOptions): Promise<Redis | Cluster> {
  const { Cluster: Nodes, Redis: Client } = await needing('ioredis', () => import('ioredis'));
  const options = {
    ...clientOptions(server, tls),
    lazyConnect: true,
    connectTimeout: ANSWERS_WITHIN_MS,
    commandTimeout: ANSWERS_WITHIN_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
  };
  if (server.place.by !== 'cluster') return new Client(options);
  return new Nodes([...server.place.nodes], {
    lazyConnect: true,
    clusterRetryStrategy: () => null,
    redisOptions: options,
  });
}

/** By the variables that the API reads too. */
async function tlsIn(environment: Surroundings['environment']): Promise<TlsOptions> {
  const read = async (name: string): Promise<string | undefined> => {
    const file = environment[name];
    if (file === undefined) return undefined;
    return readFile(file, 'utf8').catch(() => {
      throw wrongCommand(`${name} must name a file in PEM, but ${JSON.stringify(file)} cannot be read.`);
    });
  };
  const [ca, cert, key] = [
    await read('REDIS_TLS_CA'),
    await read('REDIS_TLS_CERT'),
    await read('REDIS_TLS_KEY'),
  ];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
