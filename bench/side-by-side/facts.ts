import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, cpus, platform, totalmem } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { findBinary } from '../../test/support/run/find-binary.js';
import { peersFolder } from './install-peers.js';

const run = promisify(execFile);

/** The packages that are compared, and those that carry them. */
const PACKAGES = [
  '@apollo/server',
  '@apollo/server-plugin-response-cache',
  'mercurius',
  'mercurius-cache',
  'graphql-yoga',
  '@graphql-yoga/plugin-response-cache',
  'bentocache',
  'graphql',
];

/** When, on what machine, and with which versions, in one paragraph. */
export async function factsOf(rounds: number): Promise<string> {
  const versions = await Promise.all(PACKAGES.map(async (name) => `${name} ${await versionOf(name)}`));
  return `${whenAndWhere()}, Redis ${await redisVersion()}; medians of ${rounds} rounds. ${versions.join(', ')}.`;
}

/** When, on what machine, and with which Node, as a page tells it. */
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

async function versionOf(name: string): Promise<string> {
  const file = path.join(peersFolder, 'node_modules', ...name.split('/'), 'package.json');
  const { version }: { version?: unknown } = JSON.parse(await readFile(file, 'utf8'));
  return String(version);
}
