import { setTimeout as passes } from 'node:timers/promises';
import pg from 'pg';
import type { ServerProcess } from '../overhead/server-process.js';
import { openClient } from '../side-by-side/two-processes/client.js';
import { exchange } from './traffic/play.js';
import { writes } from './traffic/requests.js';
import { createTruth, filmKey, positionKey, type Truth } from './traffic/truth.js';
import { FIRST_VIEWER, VIEWERS_OF_TRAFFIC } from './viewers.js';

/** What a crash left of the writes that clients were told had happened. */
export interface Lost {
  readonly acknowledged: number;
  readonly lost: number;
}

interface CrashOptions {
  readonly server: ServerProcess;
  /** Starts the process again, as what watches over processes does. */
  readonly restart: () => Promise<unknown>;
  readonly databaseUrl: string;
  readonly crashMs: number;
  readonly signal: AbortSignal;
}

const WRITERS = 12;
/** Of the viewers, those whom the traffic does not use. */
const FIRST_WRITER = VIEWERS_OF_TRAFFIC;
const FILM = 1000;
const ASK_AGAIN_MS = 50;
/** What is written behind is in the database by then, or counts as lost. */
const WRITTEN_WITHIN_MS = 15_000;

/** Ends the process by SIGKILL while clients write, starts it again, and compares the database with what they were told. */
export async function lostInCrash({
  server,
  restart,
  databaseUrl,
  crashMs,
  signal,
}: CrashOptions): Promise<Lost> {
  const truth = createTruth();
  const client = openClient(server.url, WRITERS);
  let acknowledged = 0;
  const beganMs = performance.now();
  const writers = Array.from({ length: WRITERS }, async (_, writer) => {
    // A writer ends with the first write that nothing answers; should the process live on, with the time.
    for (let nth = 1; performance.now() - beganMs < 2 * crashMs + 1000; nth += 1) {
      const viewer = FIRST_WRITER + writer;
      const ask =
        nth % 4 === 0
          ? writes.edit(FILM + writer, `Before the crash ${nth}`)
          : writes.position(FILM + writer, nth, '');
      if ((await exchange(ask, viewer, { client, truth })) === 'error') return;
      acknowledged += 1;
    }
  });
  await passes(crashMs, undefined, { signal });
  await server.kill();
  await Promise.all(writers);
  client.close();
  await restart();
  return { acknowledged, lost: await missingIn(databaseUrl, truth, signal) };
}

/** How many of the keys that were written have less in the database than clients were told, once there has been time. */
async function missingIn(databaseUrl: string, truth: Truth, signal: AbortSignal): Promise<number> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  pool.on('error', () => undefined);
  const untilMs = performance.now() + WRITTEN_WITHIN_MS;
  try {
    for (;;) {
      const inDatabase = await versionsOf(pool);
      const missing = [...truth.newest()].filter(([key, version]) => (inDatabase.get(key) ?? 0) < version);
      if (missing.length === 0 || performance.now() > untilMs) return missing.length;
      await passes(ASK_AGAIN_MS, undefined, { signal });
    }
  } finally {
    await pool.end();
  }
}

async function versionsOf(pool: pg.Pool): Promise<ReadonlyMap<string, number>> {
  const { rows: films } = await pool.query<{ id: number; version: number }>(
    'SELECT "id", "version" FROM "Movie"',
  );
  const { rows: positions } = await pool.query<{ viewer: number; film: number; seconds: number }>(
    `SELECT "userId" - ${FIRST_VIEWER} AS viewer, "movieId" AS film, "positionSeconds" AS seconds FROM "Playback"`,
  );
  return new Map([
    ...films.map(({ id, version }): [string, number] => [filmKey(id), version]),
    ...positions.map(({ viewer, film, seconds }): [string, number] => [positionKey(viewer, film), seconds]),
  ]);
}
