import path from 'node:path';
import { Redis } from 'ioredis';
import { closeAll, type Closer } from '../../../src/start/close-all.js';
import { privateRedis, privateRedisAt, type PrivateRedis } from '../../../test/support/private-redis.js';
import { startProgram, type ServerProcess } from '../../overhead/server-process.js';
import type { SharedSettings } from '../../servers/versioned-films.js';
import { isPeer } from '../contestants.js';
import { peerProgram } from '../install-peers.js';
import { acknowledgedWrites, type Acknowledged } from './acknowledged.js';

/** Two processes of one contestant over a Redis of their own. */
export interface Pair {
  readonly name: string;
  readonly servers: readonly [ServerProcess, ServerProcess];
  readonly acknowledged: Acknowledged;
  readonly redis: PausableRedis;
  /** Of both processes since their start. */
  usage(): Promise<{ readonly cpuMs: number; readonly loads: number }>;
  close(): Promise<void>;
}

/** The Redis of a pair, which can be taken away. */
export interface PausableRedis {
  /** All that it was sent since it started, the commands inside scripts included. */
  commands(): Promise<number>;
  kill(): Promise<void>;
  /** On the same port, with nothing in it. */
  startAgain(): Promise<void>;
  hang(): void;
  goOn(): void;
}

export interface PairOptions {
  readonly settings: Pick<SharedSettings, 'originUrl' | 'loadMs' | 'ttlSeconds' | 'staleSeconds'>;
  readonly signal: AbortSignal;
}

const SETTINGS = ['--maxmemory', '1gb', '--io-threads', '1'];
const ownProgram = path.join(import.meta.dirname, '..', '..', 'servers', 'shared-program.js');

export async function startPair(name: string, { settings, signal }: PairOptions): Promise<Pair> {
  const closers: Closer[] = [];
  try {
    const { url: redisUrl, redis } = await startRedis(closers);
    const program = isPeer(name) ? peerProgram : ownProgram;
    const words = [name, JSON.stringify({ ...settings, redisUrl, owner: name } satisfies SharedSettings)];
    const start = async (): Promise<ServerProcess> => {
      signal.throwIfAborted();
      const server = await startProgram(name, { program, words, signal });
      closers.push({ what: `a process of ${name}`, close: () => server.stop() });
      return server;
    };
    const [first, second] = [await start(), await start()];
    const usage = async () => {
      const [one, other] = [await first.usage(), await second.usage()];
      return { cpuMs: one.cpuMs + other.cpuMs, loads: one.loads + other.loads };
    };
    const close = (): Promise<void> => closeAll(closers);
    return { name, servers: [first, second], acknowledged: acknowledgedWrites(), redis, usage, close };
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}

async function startRedis(
  closers: Closer[],
): Promise<{ readonly url: string; readonly redis: PausableRedis }> {
  let server: PrivateRedis = await privateRedis(...SETTINGS);
  const { port, url } = server;
  closers.push({ what: 'the Redis of a pair', close: () => server.stop() });
  const redis: PausableRedis = {
    commands: async () => {
      const client = new Redis(url, { retryStrategy: () => null });
      const stats = await client.info('stats');
      client.disconnect();
      return Number(/^total_commands_processed:(\d+)/m.exec(stats)?.[1]);
    },
    kill: () => server.stop(),
    startAgain: async () => {
      server = await privateRedisAt(port, ...SETTINGS);
    },
    hang: () => void process.kill(server.pid, 'SIGSTOP'),
    goOn: () => void process.kill(server.pid, 'SIGCONT'),
  };
  return { url, redis };
}
