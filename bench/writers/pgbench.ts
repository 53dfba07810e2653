import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findBinary } from '../../test/support/run/find-binary.js';
import { MissingBinary } from '../../test/support/needs.js';

export interface Writing {
  readonly databaseUrl: string;
  readonly script: string;
  readonly connections: number;
  readonly seconds: number;
  /** Transactions a second, all connections together; undefined for as many as there can be. */
  readonly rate?: number | undefined;
  readonly signal: AbortSignal;
}

export interface Written {
  /** Transactions a second. */
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

/** Writes for a while by the program pgbench, and resolves with every transaction's latency. */
export async function pgbench(writing: Writing): Promise<Written> {
  const { databaseUrl, script, connections, seconds, rate, signal } = writing;
  const program = findBinary('pgbench');
  if (program === undefined) throw new MissingBinary('pgbench', 'postgresql');
  const folder = await mkdtemp(path.join(tmpdir(), 'corral-writers-'));
  try {
    await writeFile(path.join(folder, 'script.sql'), script);
    const threads = Math.min(2, connections);
    const parameters = ['-n', '-M', 'prepared', '-c', connections, '-j', threads, '-T', seconds, '-l'];
    const paced = rate === undefined ? [] : ['-R', rate];
    const child = spawn(program, [...parameters, ...paced, '-f', 'script.sql', databaseUrl].map(String), {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
    });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`pgbench ended with ${String(code)}: ${said}`);
    const latenciesMs = await loggedIn(folder);
    return { perSecond: latenciesMs.length / seconds, latenciesMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One line for each transaction: client, number, microseconds, and more. */
async function loggedIn(folder: string): Promise<number[]> {
  const files = (await readdir(folder)).filter((file) => file.startsWith('pgbench_log'));
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  return texts.flatMap((text) =>
    text
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => Number(line.split(' ')[2]) / 1000),
  );
}
