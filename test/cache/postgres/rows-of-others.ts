import type { Tables } from '../../../src/cache/postgres/index.js';

/** Tables with versions, whose tags name rows of their own and of others. */
export const rowsOfOthers = `
  CREATE TABLE films (id int PRIMARY KEY, version int NOT NULL DEFAULT 9);
  CREATE TABLE credits (id int PRIMARY KEY, film_id int NOT NULL REFERENCES films, version int NOT NULL DEFAULT 2);
  CREATE TABLE details (film_id int PRIMARY KEY REFERENCES films, version int NOT NULL DEFAULT 3);
  CREATE TABLE pages (id int PRIMARY KEY, version int NOT NULL DEFAULT 4);
  CREATE TABLE notes (id int PRIMARY KEY, version int NOT NULL DEFAULT 5)`;

export const tagsOfOthers: Tables = {
  films: { tags: ['Film:{id}'] },
  credits: { tags: ['Film:{film_id}'] },
  details: { tags: ['Movie:{film_id}', 'Report:{film_id}', 'Detail:{film_id}'] },
  Detail: { table: 'details' },
  pages: { tags: ['Page:{id}', 'Shared:{id}', 'Absent:{id}'] },
  notes: { tags: ['Shared:{id}'] },
  Movie: false,
  Absent: false,
};

export const writesOfOthers = [
  'INSERT INTO films VALUES (1)',
  'INSERT INTO details VALUES (1)',
  'INSERT INTO pages VALUES (1)',
  'INSERT INTO notes VALUES (1)',
];

/** By namespace: the highest version that these writes tell of a row; null for none. */
export const versionsOfOthers: Readonly<Record<string, number | null>> = {
  ...{ Film: 9, Detail: 3, Page: 4 },
  // A foreign key names a row of another table, also of one that is not mapped under this name.
  ...{ Movie: null, Report: null },
  // What two tables name may be of either, and what has no table is of none.
  ...{ Shared: null, Absent: null },
};
