import type { ApiContext } from '../context.js';
import { type Movie, Prisma } from '../generated/prisma/client.js';
import type { MovieCursors, MoviePlace } from './movie-cursor.js';

export interface MovieSearch {
  readonly text?: string | null | undefined;
  readonly genre?: string | null | undefined;
  readonly first: number;
  readonly after?: string | null | undefined;
}

/** One page of a search; the rows are what MovieConnection is made of. */
export interface MoviePage {
  readonly edges: { readonly cursor: string; readonly node: Movie }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly totalCount: number;
}

/** What a search needs of a context. */
export type SearchContext = Pick<ApiContext, 'database' | 'cursors' | 'scans'>;

/** Every column but the count is null on a row that stands for an empty page. */
type Row = { readonly totalCount: number } & (Movie | { readonly id: null });

/** Finds films by title and genre. Pages are by key, so they neither skip nor repeat films when others are added. */
export async function searchMovies(context: SearchContext, search: MovieSearch): Promise<MoviePage> {
  const { database, cursors, scans } = context;
  const { first, after } = search;
  const place = after === undefined || after === null ? undefined : cursors.read(after);
  // The table is read once, for the page and for the count.
  const rows = await scans.run(
    () => database.prisma.$queryRaw<Row[]>`
      WITH matching AS MATERIALIZED (
        SELECT "id", COALESCE("imdbVotes", -1) AS votes FROM "Movie" ${where(conditions(search))}
      ), page AS (
        SELECT * FROM matching ${where(place === undefined ? [] : [isAfter(place)])}
        ORDER BY votes DESC, "id" LIMIT ${first + 1}
      )
      SELECT total."totalCount", movie.*
      FROM (SELECT count(*)::int AS "totalCount" FROM matching) AS total
      LEFT JOIN (page JOIN "Movie" AS movie USING ("id")) ON true
      ORDER BY page.votes DESC, page."id"`,
  );
  const films = rows.flatMap(({ totalCount: _, ...film }) => (film.id === null ? [] : [film]));
  const edges = films.slice(0, first).map((node) => ({ cursor: cursorOf(cursors, node), node }));
  return {
    edges,
    pageInfo: {
      // One more than asked for tells whether there is a next page.
      hasNextPage: films.length > first,
      hasPreviousPage: place !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: rows[0]?.totalCount ?? 0,
  };
}

function conditions({ text, genre }: MovieSearch): Prisma.Sql[] {
  const found: Prisma.Sql[] = [];
  // ILIKE would put the pattern into lower case once more for each film.
  if (typeof text === 'string') {
    found.push(Prisma.sql`lower("title") LIKE lower(${`%${escapeLike(text)}%`}::text)`);
  }
  if (typeof genre === 'string') found.push(Prisma.sql`"genre" = ${genre}`);
  return found;
}

function isAfter({ votes, id }: MoviePlace): Prisma.Sql {
  return Prisma.sql`(-votes, "id") > (${-votes}::int, ${id}::int)`;
}

function where(all: readonly Prisma.Sql[]): Prisma.Sql {
  return all.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join([...all], ' AND ')}`;
}

/** So that a per cent sign in a title is looked for, and not obeyed. */
function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

function cursorOf(cursors: MovieCursors, { imdbVotes, id }: Pick<Movie, 'id' | 'imdbVotes'>): string {
  return cursors.write({ votes: imdbVotes ?? -1, id });
}
