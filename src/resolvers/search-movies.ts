import { type Movie, Prisma, type PrismaClient } from '../generated/prisma/client.js';
import { readCursor, writeCursor, type MoviePlace } from './movie-cursor.js';

export interface MovieSearch {
  readonly text?: string | null | undefined;
  readonly genre?: string | null | undefined;
  readonly first: number;
  readonly after?: string | null | undefined;
}

/** One page of a search; the rows are what MovieConnection is made of. */
export interface MoviePage {
  readonly edges: { readonly cursor: string; readonly node: Movie }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  readonly totalCount: number;
}

/** Finds films by title and genre. Pages are by key, so they neither skip nor repeat films when others are added. */
export async function searchMovies(prisma: PrismaClient, search: MovieSearch): Promise<MoviePage> {
  const { first, after } = search;
  const matching = conditions(search);
  const place = after === undefined || after === null ? undefined : readCursor(after);
  const beyond = place === undefined ? [] : [isAfter(place)];
  const [rows, [total]] = await Promise.all([
    // One more than asked for tells whether there is a next page.
    prisma.$queryRaw<Movie[]>`
      SELECT * FROM "Movie" ${where([...matching, ...beyond])}
      ORDER BY COALESCE("imdbVotes", -1) DESC, "id" LIMIT ${first + 1}`,
    prisma.$queryRaw<{ count: number }[]>`SELECT count(*)::int AS count FROM "Movie" ${where(matching)}`,
  ]);
  const edges = rows.slice(0, first).map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null },
    totalCount: total?.count ?? 0,
  };
}

function conditions({ text, genre }: MovieSearch): Prisma.Sql[] {
  const found: Prisma.Sql[] = [];
  if (typeof text === 'string') found.push(Prisma.sql`"title" ILIKE ${`%${escapeLike(text)}%`}`);
  if (typeof genre === 'string') found.push(Prisma.sql`"genre" = ${genre}`);
  return found;
}

function isAfter({ votes, id }: MoviePlace): Prisma.Sql {
  return Prisma.sql`(-COALESCE("imdbVotes", -1), "id") > (${-votes}::int, ${id}::int)`;
}

function where(all: readonly Prisma.Sql[]): Prisma.Sql {
  return all.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join([...all], ' AND ')}`;
}

/** So that a per cent sign in a title is looked for, and not obeyed. */
function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

function cursorOf({ imdbVotes, id }: Movie): string {
  return writeCursor({ votes: imdbVotes ?? -1, id });
}
