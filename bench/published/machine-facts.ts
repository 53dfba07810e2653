import { execFile } from 'node:child_process';
import { arch, cpus, platform, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { findBinary } from '../../test/support/run/find-binary.js';

const run = promisify(execFile);

/** When, on what machine, and with which versions of Node and Redis; names of hosts and folders are no part of it. */
export async function machineFacts(): Promise<string> {
  return `${whenAndWhere()}, Redis ${await redisVersion()}`;
}

/** The same without the version of Redis, as where a server is named that runs elsewhere. */
export function whenAndWhere(): string {
  const date = new Date().toISOString().slice(0, 10);
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, ${gigabytes} GB`;
  return `${date}; ${machine}; ${platform()} ${arch()}, Node ${process.version}`;
}

async function redisVersion(): Promise<string> {
  const program = findBinary('redis-server');
  if (program === undefined) return 'unknown';
  const { stdout } = await run(program, ['--version']);
  return /v=(\S+)/.exec(stdout)?.[1] ?? 'unknown';
}
