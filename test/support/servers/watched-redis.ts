import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { expect, onTestFinished } from 'vitest';
import { findBinary } from '../run/find-binary.js';
import { freePort } from '../free-port.js';
import { MissingBinary } from '../needs.js';
import { privateRedis, type PrivateRedis } from '../private-redis.js';
import { temporaryFolder } from '../temporary-folder.js';
import { tcpProxy } from './tcp-proxy.js';

/** What the sentinels know the primary as. */
export const NAME = 'films';

export interface WatchedRedis {
  readonly primary: PrivateRedis;
  readonly replica: PrivateRedis;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** As a variable of the API. */
  readonly url: string;
  /** From now on the replica gets nothing of what the primary is told. */
  cutReplica(): void;
  /** Has the sentinels promote the replica; resolves once they name it. */
  failOver(): Promise<void>;
}

/** A primary, a replica of it, and three sentinels; all end with the test. */
export async function watchedRedis(...settings: string[]): Promise<WatchedRedis> {
  const primary = await privateRedis('--repl-diskless-sync-delay', '0', ...settings);
  onTestFinished(() => primary.stop());
  const link = await tcpProxy(primary.port);
  const of = ['--replicaof', '127.0.0.1', `${link.port}`];
  const replica = await privateRedis('--repl-diskless-sync-delay', '0', ...of, ...settings);
  onTestFinished(() => replica.stop());
  const isLinked = async (): Promise<boolean> =>
    (await told(replica.port, 'INFO')).includes('link_status:up');
  await expect.poll(isLinked, { timeout: 10_000 }).toBe(true);
  const ports = await Promise.all(Array.from({ length: 3 }, () => sentinel(primary.port)));
  const first = ports[0] ?? 0;
  // They hear of the replica from the primary, and of each other by way of both.
  const master = async (): Promise<string> => told(first, 'SENTINEL', 'MASTER', NAME);
  await expect.poll(master, { timeout: 15_000 }).toMatch(/num-slaves,1,num-other-sentinels,2/);
  return {
    primary,
    replica,
    sentinels: ports.map((port) => ({ host: '127.0.0.1', port })),
    url: `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join()}/${NAME}`,
    cutReplica: () => link.set({ blackHole: 'both' }),
    failOver: async () => {
      // It is refused until they have looked at the replica once more.
      const begins = (): Promise<string> =>
        told(first, 'SENTINEL', 'FAILOVER', NAME).catch((error: unknown) => String(error));
      await expect.poll(begins, { timeout: 15_000 }).toMatch(/^OK|INPROG/);
      const named = (): Promise<string> => told(first, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
      await expect.poll(named, { timeout: 15_000 }).toContain(`${replica.port}`);
    },
  };
}

/** A sentinel that watches the server at the port, or nothing; answers with its own port. */
export async function sentinel(watched?: number): Promise<number> {
  const program = findBinary('redis-server');
  if (program === undefined) throw new MissingBinary('redis-server', 'redis-server');
  const port = await freePort();
  const watching =
    watched === undefined
      ? []
      : [
          `sentinel monitor ${NAME} 127.0.0.1 ${watched} 2`,
          `sentinel down-after-milliseconds ${NAME} 1000`,
          `sentinel failover-timeout ${NAME} 20000`,
        ];
  const lines = [`port ${port}`, 'bind 127.0.0.1', ...watching];
  const folder = await temporaryFolder({ 'sentinel.conf': `${lines.join('\n')}\n` });
  const child = spawn(program, [path.join(folder, 'sentinel.conf'), '--sentinel'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('Sentinel ID is')) break;
  }
  child.stdout.resume();
  return port;
}

async function told(port: number, ...command: [string, ...string[]]): Promise<string> {
  const client = new Redis(port, { protocol: 2 });
  try {
    return String(await client.call(...command));
  } finally {
    client.disconnect();
  }
}
