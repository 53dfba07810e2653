import { createHash } from 'node:crypto';
import type pg from 'pg';
import { hashToken } from '../../src/accounts/session-token.js';

/** Accounts: first those of the traffic, as many as one schedule has sessions at most; then others; the last ones warm up. */
export const VIEWERS = 20_000;
export const VIEWERS_OF_TRAFFIC = 9000;
/** Their ids begin here, where the demo data has none. */
export const FIRST_VIEWER = 1_000_001;

/** The token of a viewer of the traffic, the same in every run: the database is thrown away afterwards. */
export function tokenOf(viewer: number): string {
  return createHash('sha256').update(`viewer ${viewer} of the comparison`).digest('base64url');
}

/** Adds the viewers of the traffic, with an open session each. All may edit, so that any session can. */
export async function addViewers(pool: Pick<pg.Pool, 'query'>): Promise<void> {
  const viewers = Array.from({ length: VIEWERS }, (_, viewer) => viewer);
  await pool.query(
    `INSERT INTO "User" ("id", "email", "displayName", "role", "updatedAt")
     SELECT id, 'viewer' || id || '@compare.example', 'Viewer ' || id, 'EDITOR', now()
     FROM unnest($1::int[]) AS id`,
    [viewers.map((viewer) => FIRST_VIEWER + viewer)],
  );
  await pool.query(
    `INSERT INTO "Session" ("tokenHash", "userId", "expiresAt")
     SELECT hash, id, now() + interval '1 day' FROM unnest($1::text[], $2::int[]) AS one(hash, id)`,
    [viewers.map((viewer) => hashToken(tokenOf(viewer))), viewers.map((viewer) => FIRST_VIEWER + viewer)],
  );
}
