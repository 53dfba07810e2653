import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { findBinary } from './run/find-binary.js';
import { goFirst } from './run/go-first.js';
import { freePort } from './free-port.js';
import { MissingBinary } from './needs.js';

export interface PrivateRedis {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a Redis server of its own for one test file; throws MissingBinary where none is installed. */
export async function privateRedis(...settings: string[]): Promise<PrivateRedis> {
  return privateRedisAt(await freePort(), ...settings);
}

/** The same on a given port: to come back where a server has been. Later settings win over those made here. */
export async function privateRedisAt(port: number, ...settings: string[]): Promise<PrivateRedis> {
  const program = findBinary('redis-server');
  if (program === undefined) throw new MissingBinary('redis-server', 'redis-server');
  // It keeps no files, but replicas write down what they get from their primary.
  const folder = await mkdtemp(path.join(tmpdir(), 'corral-redis-'));
  const basics = [
    '--port',
    `${port}`,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--dir',
    folder,
  ];
  const child = spawn(program, [...basics, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  goFirst(child.pid);
  const exited = once(child, 'exit');
  let isReady = false;
  for await (const line of createInterface({ input: child.stdout })) {
    isReady = line.includes('Ready to accept connections');
    if (isReady) break;
  }
  if (!isReady) throw new Error(`redis-server did not start on port ${port}`);
  // What it goes on to say is of no interest, but must be read: a full pipe would stop the server.
  child.stdout.resume();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
