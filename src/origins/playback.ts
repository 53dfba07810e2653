import { flushInto } from '../cache/postgres/index.js';
import type { Database } from '../database/database.js';
import type { Playback } from '../generated/prisma/client.js';

/** Where a viewer is in a film, as it is accepted before the database has it. */
export type PlaybackState = Pick<Playback, 'userId' | 'movieId' | 'positionSeconds' | 'updatedAt'>;

interface FlushContext {
  readonly database: Pick<Database, 'pool'>;
}

/** Playback positions. */
export const playbackOrigin = flushInto<FlushContext>({
  pool: ({ database }) => database.pool,
  table: 'Playback',
  id: ['userId', 'movieId'],
  columns: ['positionSeconds', 'updatedAt'],
  seq: 'wbSeq',
  onInsert: { createdAt: 'updatedAt' },
  version: 'version',
  // A write of a user who is gone is personal, so it must not stay as a dead letter.
  parents: [{ table: 'User', on: { id: 'userId' } }],
  row: (state) => {
    const { userId, movieId, positionSeconds, updatedAt } = stateOf(state);
    return { userId, movieId, positionSeconds, updatedAt };
  },
});

function stateOf(state: unknown): PlaybackState {
  if (typeof state === 'object' && state !== null && 'userId' in state && 'movieId' in state) {
    return state as PlaybackState;
  }
  throw new Error('this is no playback position');
}
