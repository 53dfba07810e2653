import { filmPicker } from './film-picker.js';
import type { Viewing } from './rating-rows.js';
import { momentBetween, type RowTimes, seedEnd } from './seed-clock.js';

export interface PlaybackRow extends RowTimes {
  readonly userId: number;
  readonly movieId: number;
  readonly positionSeconds: number;
  /** Older than whatever is written later. */
  readonly wbSeq: number;
}

const fewestPerUser = 4;
const spread = 16;
/** For the many films whose running time the file does not know. */
const usualMinutes = 105;

/** Some 23,000 films that were begun and not finished: what continueWatching is made of. */
export function playbackRows({ films, users, random }: Viewing): PlaybackRow[] {
  const pick = filmPicker(films, random);
  return users.flatMap((user) => {
    const since = new Date(user.createdAt);
    return pick(fewestPerUser + Math.floor(spread * random())).map((film) => {
      const positionSeconds =
        1 + Math.floor((film.runningTimeMinutes ?? usualMinutes) * 60 * 0.98 * random());
      const createdAt = momentBetween(since, seedEnd, random());
      const updatedAt = momentBetween(new Date(createdAt), seedEnd, random());
      return { userId: user.id, movieId: film.id, positionSeconds, wbSeq: 1, createdAt, updatedAt };
    });
  });
}
