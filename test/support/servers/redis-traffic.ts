import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect } from 'vitest';

export interface SaidToRedis {
  /** The command in lower case. */
  readonly name: string;
  /** The keys of reads and scripts; empty for everything else. */
  readonly keys: readonly string[];
}

export interface RedisTraffic {
  /** Everything said so far, by clients and by scripts, except for what this client said. */
  upTo(asker: Redis): Promise<readonly SaidToRedis[]>;
  stop(): void;
}

interface Heard {
  readonly said: SaidToRedis;
  readonly by: string;
}

/** A connection that is told each command, as `monitor`, until it is ended. */
export async function monitorOf(url: string): Promise<Redis> {
  const monitor = new Redis(url, { lazyConnect: true, monitor: true });
  // What others say in the very moment in which it begins to listen comes before ioredis knows that it listens, and is an error to it.
  monitor.on('error', () => undefined);
  const listens = new Promise<void>((resolve) => monitor.once('monitoring', resolve));
  await monitor.connect();
  await listens;
  return monitor;
}

/** Listens to everything that is said to a Redis server, from now on. */
export async function watchTraffic(url: string): Promise<RedisTraffic> {
  const monitor = await monitorOf(url);
  const heard: Heard[] = [];
  monitor.on('monitor', (_time: string, [name = '', ...rest]: string[], by: string) => {
    const command = name.toLowerCase();
    heard.push({ said: { name: command, keys: keysOf(command, rest) }, by });
  });
  return {
    upTo: async (asker) => {
      const end = randomUUID();
      await asker.echo(end);
      // MONITOR tells in order: once it has told this, it has told everything before.
      await expect.poll(() => heard.some(({ said }) => said.keys[0] === end), { interval: 2 }).toBe(true);
      const own = heard.find(({ said }) => said.keys[0] === end)?.by;
      return heard.filter(({ by }) => by !== own).map(({ said }) => said);
    },
    stop: () => monitor.disconnect(),
  };
}

function keysOf(command: string, rest: readonly string[]): readonly string[] {
  if (command === 'evalsha' || command === 'eval') return rest.slice(2, 2 + Number(rest[1]));
  return command === 'mget' || command === 'echo' ? rest : [];
}
