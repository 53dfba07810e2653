import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { expect, onTestFinished } from 'vitest';
import { findBinary } from '../run/find-binary.js';
import { freePort } from '../free-port.js';
import { MissingBinary } from '../needs.js';
import type { OwnCertificates } from '../own-certificates.js';
import type { PrivateRedis } from '../private-redis.js';
import { temporaryFolder } from '../temporary-folder.js';
import { encryptedWith, namedRedis, type NamedRedis } from './encrypted-redis.js';
import { tcpProxy } from './tcp-proxy.js';

/** What the sentinels know the primary as. */
export const NAME = 'films';

export interface WatchedRedis {
  readonly primary: PrivateRedis;
  /** The one that is promoted. */
  readonly replica: PrivateRedis;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  /** As a variable of the API. */
  readonly url: string;
  /** From now on the replica gets nothing of what the primary is told. */
  cutReplica(): void;
  /** Resolves once the sentinels name the replica: they promote it by themselves where the primary is dead. */
  promoted(): Promise<void>;
  /** Has the sentinels promote the replica, and resolves then. */
  failOver(): Promise<void>;
}

export interface WatchedRedisOptions {
  /** Default 1. */
  readonly replicas?: number;
  /** With these all of them encrypt, also what they tell each other. */
  readonly certificates?: OwnCertificates | undefined;
}

/** A primary, replicas of it of which the first is preferred, and three sentinels; all end with the test. */
export async function watchedRedis({
  replicas: count = 1,
  certificates,
}: WatchedRedisOptions = {}): Promise<WatchedRedis> {
  const server = async (...settings: string[]): Promise<NamedRedis> => {
    const started = await namedRedis(certificates, '--repl-diskless-sync-delay', '0', ...settings);
    onTestFinished(() => started.stop());
    return started;
  };
  const primary = await server();
  const link = await tcpProxy(primary.namedPort);
  const replicas = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      server('--replicaof', `127.0.0.1 ${link.port}`, '--replica-priority', `${index + 1}`),
    ),
  );
  const [replica = primary] = replicas;
  for (const { port } of replicas) {
    const isLinked = async (): Promise<boolean> => (await told(port, 'INFO')).includes('link_status:up');
    await expect.poll(isLinked, { timeout: 10_000 }).toBe(true);
  }
  const watching = { watched: primary.namedPort, certificates };
  const sentinels = await Promise.all(Array.from({ length: 3 }, () => startSentinel(watching)));
  const ports = sentinels.map(({ namedPort }) => namedPort);
  const first = sentinels[0]?.port ?? 0;
  // They hear of the replicas from the primary, and of each other by way of all.
  for (const { port } of sentinels) {
    const master = async (): Promise<string> => told(port, 'SENTINEL', 'MASTER', NAME);
    await expect.poll(master, { timeout: 15_000 }).toContain(`num-slaves,${count},num-other-sentinels,2`);
  }
  const promoted = async (): Promise<void> => {
    const named = (): Promise<string> => told(first, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
    await expect.poll(named, { timeout: 30_000, interval: 20 }).toContain(`${replica.namedPort}`);
  };
  return {
    primary,
    replica,
    sentinels: ports.map((port) => ({ host: '127.0.0.1', port })),
    url: `${certificates === undefined ? 'redis' : 'rediss'}+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join()}/${NAME}`,
    cutReplica: () => link.set({ blackHole: 'both' }),
    promoted,
    failOver: async () => {
      // It is refused until they have looked at the replica once more.
      const begins = (): Promise<string> =>
        told(first, 'SENTINEL', 'FAILOVER', NAME).catch((error: unknown) => String(error));
      await expect.poll(begins, { timeout: 15_000 }).toMatch(/^OK|INPROG/);
      await promoted();
    },
  };
}

interface Watching extends Pick<WatchedRedisOptions, 'certificates'> {
  /** The port of a server; default: it watches nothing. */
  readonly watched?: number;
}

/** A sentinel; answers with the port to ask it at. */
export async function sentinel(watching: Watching = {}): Promise<number> {
  return (await startSentinel(watching)).namedPort;
}

async function startSentinel({
  watched,
  certificates,
}: Watching): Promise<Pick<NamedRedis, 'port' | 'namedPort'>> {
  const program = findBinary('redis-server');
  if (program === undefined) throw new MissingBinary('redis-server', 'redis-server');
  const port = await freePort();
  const tlsPort = certificates && (await freePort());
  const watching =
    watched === undefined
      ? []
      : [
          `sentinel monitor ${NAME} 127.0.0.1 ${watched} 2`,
          `sentinel down-after-milliseconds ${NAME} 1000`,
          `sentinel failover-timeout ${NAME} 20000`,
        ];
  const encrypting =
    certificates === undefined ? [] : [`tls-port ${tlsPort}`, ...linesOf(encryptedWith(certificates))];
  const lines = [`port ${port}`, 'bind 127.0.0.1', ...encrypting, ...watching];
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
  return { port, namedPort: tlsPort ?? port };
}

/** `--name value` on a command line, as a file has it. */
function linesOf(settings: readonly string[]): readonly string[] {
  return settings.flatMap((word, index) =>
    word.startsWith('--') ? [`${word.slice(2)} ${settings[index + 1]}`] : [],
  );
}

async function told(port: number, ...command: [string, ...string[]]): Promise<string> {
  const client = new Redis(port, { protocol: 2 });
  try {
    return String(await client.call(...command));
  } finally {
    client.disconnect();
  }
}
