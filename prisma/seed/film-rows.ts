import { z } from 'zod';
import { repairText } from './repair-text.js';
import { type RowTimes, sinceTheStart } from './seed-clock.js';

/** Empty text, of which the file has some, means the same as null. */
const text = z
  .union([z.string(), z.number()])
  .nullable()
  .transform((value) => (value === null || value === '' ? null : repairText(String(value))));
const count = z.number().int().nullable();

/** One film as movies.json of vega-datasets has it. Numbers stand for titles like "1941" and "300". */
const vegaFilm = z.object({
  Title: text,
  'US Gross': count,
  'Worldwide Gross': count,
  'Production Budget': count,
  'Release Date': z.string(),
  'MPAA Rating': text,
  'Running Time min': count,
  Distributor: text,
  Source: text,
  'Major Genre': text,
  'Creative Type': text,
  Director: text,
  'Rotten Tomatoes Rating': count,
  'IMDB Rating': z.number().nullable(),
  'IMDB Votes': count,
});
type VegaFilm = z.infer<typeof vegaFilm>;

export interface FilmRow extends RowTimes {
  readonly id: number;
  readonly title: string;
  readonly releaseDate: string | null;
  readonly releaseYear: number | null;
  readonly genre: string | null;
  readonly creativeType: string | null;
  readonly source: string | null;
  readonly mpaaRating: string | null;
  readonly runningTimeMinutes: number | null;
  readonly distributor: string | null;
  readonly usGross: number | null;
  readonly worldwideGross: number | null;
  readonly productionBudget: number | null;
  readonly imdbRating: number | null;
  readonly imdbVotes: number | null;
  readonly rottenTomatoesScore: number | null;
  readonly directorId: number | null;
}

export interface PersonRow extends RowTimes {
  readonly id: number;
  readonly name: string;
}

/** The films of the file, in its order, and their directors, in the order in which they first appear. */
export function filmRows(file: unknown): { films: FilmRow[]; people: PersonRow[] } {
  const titled = z.array(vegaFilm).parse(file).flatMap(withTitle);
  const names = new Set(titled.flatMap(({ Director: name }) => name ?? []));
  const people = Array.from(names, (name, index) => ({ id: index + 1, name, ...sinceTheStart }));
  const ids = new Map(people.map(({ id, name }) => [name, id]));
  const films = titled.map((film, index) => ({
    ...filmRow(film, index + 1),
    directorId: film.Director === null ? null : (ids.get(film.Director) ?? null),
  }));
  return { films, people };
}

type TitledFilm = VegaFilm & { readonly Title: string };

/** One film of the file has no title; nothing can be shown of it. */
function withTitle(film: VegaFilm): TitledFilm[] {
  return film.Title === null ? [] : [{ ...film, Title: film.Title }];
}

function filmRow(film: TitledFilm, id: number): Omit<FilmRow, 'directorId'> {
  const releaseDate = readReleaseDate(film['Release Date']);
  return {
    id,
    title: film.Title,
    releaseDate,
    releaseYear: releaseDate === null ? null : Number(releaseDate.slice(0, 4)),
    genre: film['Major Genre'],
    creativeType: film['Creative Type'],
    source: film.Source,
    mpaaRating: film['MPAA Rating'],
    runningTimeMinutes: film['Running Time min'],
    distributor: film.Distributor,
    usGross: film['US Gross'],
    worldwideGross: film['Worldwide Gross'],
    productionBudget: film['Production Budget'],
    imdbRating: film['IMDB Rating'],
    imdbVotes: film['IMDB Votes'],
    rottenTomatoesScore: film['Rotten Tomatoes Rating'],
    ...sinceTheStart,
  };
}

const lastTrueYear = 2012;

/**
 * "Jun 12 1998" becomes "1998-06-12". The file was made in 2012 from two-digit years, so a later year is a century
 * too late: Gone with the Wind has "Dec 15 2039".
 */
export function readReleaseDate(text: string): string | null {
  const time = Date.parse(`${text} UTC`);
  if (Number.isNaN(time)) return null;
  const date = new Date(time);
  if (date.getUTCFullYear() > lastTrueYear) date.setUTCFullYear(date.getUTCFullYear() - 100);
  return date.toISOString().slice(0, 10);
}
