import { setTimeout as passes } from 'node:timers/promises';
import pg from 'pg';
import { createToken, hashToken } from '../../../src/accounts/session-token.js';
import type { Api } from '../../../src/start/api.js';
import { post } from './seeded-api.js';

/** A viewer who watches one film: positions only ever grow. */
export interface Watcher {
  readonly userId: number;
  readonly movieId: number;
  readonly token: string;
  /** The last position that was sent, and the last that was acknowledged. */
  sent: number;
  acknowledged: number;
}

type Where = Pick<Api, 'url'>;

/** Answers of recordPlayback, by what became of them. */
export interface Tally {
  acknowledged: number;
  busy: number;
  /** Nobody answered: the process was gone. */
  unanswered: number;
  /** Everything else; there should be none. */
  readonly others: string[];
}

export const newTally = (): Tally => ({ acknowledged: 0, busy: 0, unanswered: 0, others: [] });

/** Adds viewers with sessions and a film of unknown length, and a record of every row that steps back. */
export async function addWatchers(databaseUrl: string, count: number): Promise<readonly Watcher[]> {
  return withClient(databaseUrl, async (client) => {
    const tokens = Array.from({ length: count }, () => createToken());
    const { rows: films } = await client.query<{ id: number }>(
      `INSERT INTO "Movie" ("title") VALUES ('Endless') RETURNING "id"`,
    );
    const { rows: users } = await client.query<{ id: number }>(
      `INSERT INTO "User" ("email", "displayName")
       SELECT 'watcher' || gen_random_uuid() || '@example.com', 'Watcher' FROM generate_series(1, $1) RETURNING "id"`,
      [count],
    );
    await client.query(
      `INSERT INTO "Session" ("tokenHash", "userId", "expiresAt")
       SELECT hash, id, now() + interval '2 hours' FROM unnest($1::text[], $2::int[]) AS opened(hash, id)`,
      [tokens.map(hashToken), users.map(({ id }) => id)],
    );
    await client.query(`CREATE TABLE IF NOT EXISTS stepped_back (was int, became int);
      CREATE OR REPLACE FUNCTION note_step_back() RETURNS trigger LANGUAGE plpgsql AS $body$
      BEGIN INSERT INTO stepped_back VALUES (OLD."positionSeconds", NEW."positionSeconds"); RETURN NEW; END $body$;
      DROP TRIGGER IF EXISTS note_step_back ON "Playback";
      CREATE TRIGGER note_step_back AFTER UPDATE ON "Playback" FOR EACH ROW
        WHEN (NEW."positionSeconds" < OLD."positionSeconds" OR NEW."wbSeq" < OLD."wbSeq")
        EXECUTE FUNCTION note_step_back();`);
    const movieId = films[0]?.id ?? 0;
    return users.map(({ id: userId }, index): Watcher => ({
      userId,
      movieId,
      token: tokens[index] ?? '',
      sent: 0,
      acknowledged: 0,
    }));
  });
}

const record =
  'mutation ($film: ID!, $at: Int!) { recordPlayback(movieId: $film, positionSeconds: $at) { positionSeconds } }';

/** Sends the next position of one viewer, and notes what became of it. */
export async function watchOn(api: Where, watcher: Watcher, tally: Tally): Promise<void> {
  const at = (watcher.sent += 1);
  const variables = { film: `${watcher.movieId}`, at };
  let answer: string;
  try {
    answer = await post(api, record, { token: watcher.token, variables });
  } catch {
    tally.unanswered += 1;
    return;
  }
  if (answer.includes(`"positionSeconds":${at}`)) {
    tally.acknowledged += 1;
    watcher.acknowledged = at;
  } else if (answer.includes('"code":"WRITE_BEHIND_BUSY"')) tally.busy += 1;
  else tally.others.push(answer);
}

/** All viewers watch, each at his own pace, until told otherwise. */
export async function watchWhile(
  {
    goesOn,
    pauseMs = 5,
    where,
  }: { goesOn: () => boolean; pauseMs?: number; where: (index: number) => Where },
  watchers: readonly Watcher[],
  tally: Tally,
): Promise<void> {
  await Promise.all(
    watchers.map(async (watcher, index) => {
      while (goesOn()) {
        await watchOn(where(index), watcher, tally);
        await passes(pauseMs);
      }
    }),
  );
}

/** What the database has of acknowledged positions: how many are older, and how many rows ever stepped back. */
export async function comparedWithDatabase(databaseUrl: string, watchers: readonly Watcher[]) {
  return withClient(databaseUrl, async (client) => {
    const { rows } = await client.query<{ userId: number; positionSeconds: number }>(
      'SELECT "userId", "positionSeconds" FROM "Playback" WHERE "userId" = ANY($1::int[])',
      [watchers.map(({ userId }) => userId)],
    );
    const positions = new Map(rows.map(({ userId, positionSeconds }) => [userId, positionSeconds]));
    const { rows: steps } = await client.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM stepped_back',
    );
    const at = ({ userId }: Watcher): number => positions.get(userId) ?? 0;
    return {
      lost: watchers.filter((watcher) => at(watcher) < watcher.acknowledged).length,
      invented: watchers.filter((watcher) => at(watcher) > watcher.sent).length,
      steppedBack: steps[0]?.count ?? -1,
    };
  });
}

export async function withClient<T>(
  databaseUrl: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
