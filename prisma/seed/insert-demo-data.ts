import type { ClientBase } from 'pg';
import type { DemoData } from './demo-data.js';
import { insertRows } from './insert-rows.js';

/** The tables in an order that satisfies their foreign keys; `onInserted` hears of each batch. */
export async function insertDemoData(
  client: ClientBase,
  data: DemoData,
  onInserted: (count: number) => void,
): Promise<void> {
  await insertRows(client, {
    table: 'Person',
    columns: [['id', 'int'], ['name', 'text'], ...times],
    rows: data.people,
    onInserted,
  });
  await insertRows(client, { table: 'Movie', columns: filmColumns, rows: data.films, onInserted });
  await insertRows(client, { table: 'User', columns: userColumns, rows: data.users, onInserted });
  await insertRows(client, {
    table: 'Credential',
    columns: [
      ['userId', 'int'],
      ['passwordHash', 'text'],
      ['updatedAt', 'timestamp'],
    ],
    rows: data.credentials,
    onInserted,
  });
  await insertRows(client, {
    table: 'Rating',
    columns: [['userId', 'int'], ['movieId', 'int'], ['stars', 'int'], ...times],
    rows: data.ratings,
    onInserted,
  });
  await insertRows(client, {
    table: 'Playback',
    columns: [
      ['userId', 'int'],
      ['movieId', 'int'],
      ['positionSeconds', 'int'],
      ['wbSeq', 'bigint'],
      ...times,
    ],
    rows: data.playbacks,
    onInserted,
  });
}

const times = [
  ['createdAt', 'timestamp'],
  ['updatedAt', 'timestamp'],
] as const;

const userColumns = [
  ['id', 'int'],
  ['email', 'text'],
  ['displayName', 'text'],
  ['bio', 'text'],
  ['role', '"Role"'],
  ...times,
] as const;

const filmColumns = [
  ['id', 'int'],
  ['title', 'text'],
  ['releaseDate', 'date'],
  ['releaseYear', 'int'],
  ['genre', 'text'],
  ['creativeType', 'text'],
  ['source', 'text'],
  ['mpaaRating', 'text'],
  ['runningTimeMinutes', 'int'],
  ['distributor', 'text'],
  ['usGross', 'bigint'],
  ['worldwideGross', 'bigint'],
  ['productionBudget', 'bigint'],
  ['imdbRating', 'numeric'],
  ['imdbVotes', 'int'],
  ['rottenTomatoesScore', 'int'],
  ['directorId', 'int'],
  ...times,
] as const;
