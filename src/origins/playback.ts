import type { Database } from '../database/database.js';
import type { Playback } from '../generated/prisma/client.js';

/** A write of one key, and the number that orders it among those of the same key. */
interface OrderedWrite {
  readonly seq: number;
  readonly state: unknown;
}

/** Where a viewer is in a film, as it is accepted before the database has it. */
export type PlaybackState = Pick<Playback, 'userId' | 'movieId' | 'positionSeconds' | 'updatedAt'>;

// One statement, hence one transaction. An older write than the row's is left out, which is no error. So is one of a user
// who is gone: nothing could ever make it right, and it is personal, so it must not stay as a dead letter. Users that are
// there are kept there until the commit.
const flushSql = `
  INSERT INTO "Playback" ("userId", "movieId", "positionSeconds", "updatedAt", "createdAt", "wbSeq")
  SELECT "userId", "movieId", "positionSeconds", written."updatedAt", written."updatedAt", "wbSeq"
  FROM jsonb_to_recordset($1::jsonb) AS written
    ("userId" int, "movieId" int, "positionSeconds" int, "updatedAt" timestamp(3), "wbSeq" bigint)
  JOIN "User" AS viewer ON viewer."id" = written."userId"
  FOR KEY SHARE OF viewer
  ON CONFLICT ("userId", "movieId") DO UPDATE SET
    "positionSeconds" = EXCLUDED."positionSeconds", "updatedAt" = EXCLUDED."updatedAt",
    "wbSeq" = EXCLUDED."wbSeq", "version" = "Playback"."version" + 1
  WHERE "Playback"."wbSeq" < EXCLUDED."wbSeq"`;

/** Of SQLSTATE: 22 is data that does not fit its type, 23 a constraint, such as a film that was deleted. */
const REFUSED = /^2[23]/;
/** Connections, conflicts, resources, read-only servers, shutdowns and disks: they pass. */
const PASSES = /^(08|25|40|53|55|57|58)/;
/** Errors of the system, such as EPIPE, look alike; no class of SQLSTATE begins with E. */
const SQLSTATE = /^[0-9A-DF-Z][0-9A-Z]{4}$/;

/** Playback positions. */
export const playbackOrigin = {
  async flush(
    writes: readonly OrderedWrite[],
    { database }: { readonly database: Pick<Database, 'pool'> },
  ): Promise<void> {
    const rows = writes.map(({ seq, state }) => {
      const { userId, movieId, positionSeconds, updatedAt } = stateOf(state);
      return { userId, movieId, positionSeconds, updatedAt, wbSeq: seq };
    });
    await database.pool.query(flushSql, [JSON.stringify(rows)]);
  },

  isPermanent(error: unknown): boolean | undefined {
    if (error instanceof UnknownState) return true;
    const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
    if (typeof code !== 'string' || !SQLSTATE.test(code) || PASSES.test(code)) return false;
    // Of any other it may be one row that causes it, a trigger's own error for one.
    return REFUSED.test(code) ? true : undefined;
  },
};

class UnknownState extends Error {}

function stateOf(state: unknown): PlaybackState {
  if (typeof state === 'object' && state !== null && 'userId' in state && 'movieId' in state) {
    return state as PlaybackState;
  }
  throw new UnknownState('this is no playback position');
}
