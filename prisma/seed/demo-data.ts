import { loadDevelopmentPackage } from '../../src/database/load-development-package.js';
import { type CredentialRow, credentialRows } from './credential-rows.js';
import type { FilmRow, PersonRow } from './film-rows.js';
import { type PlaybackRow, playbackRows } from './playback-rows.js';
import { type RatingRow, ratingRows } from './rating-rows.js';
import { readFilms } from './read-films.js';
import { seedEnd } from './seed-clock.js';
import { seedMend } from './seed-mend.js';
import { type UserRow, userRows } from './user-rows.js';

export interface DemoData {
  readonly people: PersonRow[];
  readonly films: FilmRow[];
  readonly users: UserRow[];
  readonly credentials: CredentialRow[];
  readonly ratings: RatingRow[];
  readonly playbacks: PlaybackRow[];
}

const randomSeed = 42;

/** All rows of the demo, the same every time: one generator with a fixed seed feeds every random choice. */
export async function demoData(): Promise<DemoData> {
  // One locale: the package's main door would load all seventy.
  const { faker } = await loadDevelopmentPackage(() => import('@faker-js/faker/locale/en'), seedMend);
  faker.seed(randomSeed);
  faker.setDefaultRefDate(seedEnd);
  const { films, people } = await readFilms();
  const users = userRows(faker);
  const random = () => faker.number.float();
  const ratings = ratingRows({ films, users, random });
  const playbacks = playbackRows({ films, users, random });
  return { people, films, users, credentials: await credentialRows(), ratings, playbacks };
}
