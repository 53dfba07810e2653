import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type pg from 'pg';
import type { Closer } from '../../src/start/close-all.js';
import { findBinary } from '../../test/support/run/find-binary.js';
import { MissingBinary } from '../../test/support/needs.js';

const SLOT = 'reader';

/** Has PostgreSQL's own client read what the log tells of films, as Corral asks for it, and throw it away. */
export async function startReader(pool: pg.Pool, databaseUrl: string): Promise<Closer> {
  const program = findBinary('pg_recvlogical');
  if (program === undefined) throw new MissingBinary('pg_recvlogical', 'postgresql');
  await pool.query('CREATE PUBLICATION reader FOR TABLE "Movie"');
  await pool.query('SELECT pg_create_logical_replication_slot($1, $2)', [SLOT, 'pgoutput']);
  const options = ['-o', 'proto_version=1', '-o', `publication_names=${SLOT}`];
  const child = spawn(program, ['-d', databaseUrl, '-S', SLOT, '--start', '-f', '/dev/null', ...options], {
    stdio: 'ignore',
  });
  const ended = once(child, 'close');
  return {
    what: 'the reader of the log',
    close: async () => {
      child.kill();
      await ended;
    },
  };
}
