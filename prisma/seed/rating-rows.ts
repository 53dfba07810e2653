import { filmPicker, type Random } from './film-picker.js';
import type { FilmRow } from './film-rows.js';
import { momentBetween, type RowTimes, seedEnd, unchangedSince } from './seed-clock.js';
import type { UserRow } from './user-rows.js';

export interface RatingRow extends RowTimes {
  readonly userId: number;
  readonly movieId: number;
  readonly stars: number;
}

export interface Viewing {
  readonly films: readonly FilmRow[];
  readonly users: readonly UserRow[];
  readonly random: Random;
}

const fewestPerUser = 12;
const spread = 132;
/** What a film without an IMDB rating is taken for. */
const middlingImdbRating = 6;

/** Some 112,000 ratings: most people rate a little, some a lot, popular films get more, good ones more stars. */
export function ratingRows({ films, users, random }: Viewing): RatingRow[] {
  const pick = filmPicker(films, random);
  return users.flatMap((user) => {
    const kindness = (random() - 0.5) * 1.2;
    const since = new Date(user.createdAt);
    return pick(fewestPerUser + Math.floor(spread * random() ** 2)).map((film) => ({
      userId: user.id,
      movieId: film.id,
      stars: starsFor(film.imdbRating ?? middlingImdbRating, kindness, random),
      ...unchangedSince(momentBetween(since, seedEnd, random())),
    }));
  });
}

/** The sum of three draws is close enough to a bell; IMDB's 1 to 10 is stretched, as few films get less than 4. */
function starsFor(imdbRating: number, kindness: number, random: Random): number {
  const chance = (random() + random() + random() - 1.5) * 1.6;
  const stars = 1 + ((imdbRating - 3) / 6) * 4 + kindness + chance;
  return Math.min(5, Math.max(1, Math.round(stars)));
}
