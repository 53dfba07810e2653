import type pg from 'pg';
import { connectionOf } from './watch-clients.js';

/** SQLSTATE: disk_full. */
const DISK_FULL = '53100';
/** For so long after the last statement that was refused. One that finds room again says nothing of the next one. */
const SAID_FOR_MS = 30_000;

/** Notices that PostgreSQL refuses statements for want of room on its disk; says whether one was refused lately. */
export function watchDisk(pools: Iterable<pg.Pool>): () => boolean {
  let refusedAtMs = -Infinity;
  for (const pool of pools) {
    pool.on('connect', (client) => {
      connectionOf(client)?.on('errorMessage', (message: unknown) => {
        if (codeOf(message) === DISK_FULL) refusedAtMs = performance.now();
      });
    });
  }
  return () => performance.now() - refusedAtMs < SAID_FOR_MS;
}

function codeOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'code' in message ? message.code : undefined;
}
