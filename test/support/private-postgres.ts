import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findBinary } from './run/find-binary.js';
import { RUN_FOLDER } from './run/run-folder-name.js';
import { freePort } from './free-port.js';
import { MissingBinary } from './needs.js';

const run = promisify(execFile);

export interface PrivatePostgres {
  /** Of the database "postgres", with user and password. */
  readonly url: string;
  /** Creates an empty database and returns its URL. */
  createDatabase(): Promise<string>;
  /** Ends it as a crash does, and keeps its files. */
  halt(): Promise<void>;
  /** Starts it again, on the same port. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

const password = 'private';
/** Nothing waits for the disk. What was committed outlives a crash of the server all the same, as tests of crashes rely on. */
const settings = '-c fsync=off -c full_page_writes=off -c unix_socket_directories=';

/** Starts a PostgreSQL server of its own for one test file, with settings such as `fsync=on`; throws MissingBinary where none is installed. */
export async function privatePostgres(...more: string[]): Promise<PrivatePostgres> {
  const control = postgresBinary('pg_ctl');
  const folder = await mkdtemp(path.join(tmpdir(), 'corral-postgres-'));
  const asOwner = await ownerCommand(folder);
  const files = path.join(folder, 'data');
  await makeFiles(files, asOwner);
  const port = await freePort();
  const added = [...ofTheLog(), ...more].map((setting) => ` -c ${setting}`).join('');
  const options = `${settings} -p ${port} -c listen_addresses=127.0.0.1${added}`;
  const start = async (): Promise<void> => {
    await asOwner(control, ['start', '-w', '-D', files, '-l', path.join(folder, 'log'), '-o', options]);
  };
  const halt = async (): Promise<void> => {
    await asOwner(control, ['stop', '-D', files, '-m', 'immediate']);
  };
  await start();
  const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
  return {
    url,
    createDatabase: () => createDatabase(url),
    halt,
    resume: start,
    async stop() {
      await halt();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Files of a new server. To make them takes two seconds of a processor, so those that the first of a run has made are kept, and
 * the others are copies of them. Two test files that begin together may both make them, and one of the two is kept.
 */
async function makeFiles(files: string, asOwner: Command): Promise<void> {
  const runFolder = process.env[RUN_FOLDER];
  const kept = runFolder === undefined ? undefined : path.join(runFolder, 'postgres-files');
  if (kept !== undefined && existsSync(kept)) return copyFiles(kept, files);
  const initdb = `${postgresBinary('initdb')} -D ${files} -U postgres -A scram-sha-256 --no-sync`;
  await asOwner('bash', ['-c', `${initdb} --pwfile=<(echo ${password})`]);
  if (kept === undefined) return;
  const part = await mkdtemp(`${kept}-`);
  await copyFiles(files, path.join(part, 'data'));
  // Their name says that they are whole.
  await rename(path.join(part, 'data'), kept).catch((error: unknown) => {
    if (!existsSync(kept)) throw error;
  });
}

/** With their owner, whom `fs.cp` does not keep. */
async function copyFiles(from: string, to: string): Promise<void> {
  await run('cp', ['-a', from, to]);
}

/** With CHANGES_FROM=log the API of any test reads the log, as its servers allow it. */
function ofTheLog(): readonly string[] {
  return process.env['CHANGES_FROM'] === 'log'
    ? ['wal_level=logical', 'max_slot_wal_keep_size=4GB', 'max_replication_slots=40', 'max_wal_senders=40']
    : [];
}

export function postgresBinary(name: string): string {
  const found = findBinary(name);
  if (found === undefined) throw new MissingBinary(name, 'postgresql');
  return found;
}

type Command = (program: string, parameters: string[]) => Promise<unknown>;

/** PostgreSQL refuses to run as root, so root hands the folder to the account that the package made. */
export async function ownerCommand(folder: string): Promise<Command> {
  if (process.getuid?.() !== 0) return (program, parameters) => run(program, parameters, { cwd: folder });
  const { stdout } = await run('id', ['-u', 'postgres']);
  const uid = Number(stdout);
  await chown(folder, uid, uid);
  // It goes before the tests, as in `goFirst`; where even root may not, `nice` says so and runs it as it is.
  const prefix = ['-n', '-10', 'runuser', '-u', 'postgres', '--'];
  return (program, parameters) => run('nice', [...prefix, program, ...parameters], { cwd: folder });
}

async function createDatabase(url: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  return url.replace(/postgres$/, name);
}
