import type { Database } from '../database/database.js';

/** What warm lists need of a context. */
interface WarmListContext {
  readonly database: Pick<Database, 'prisma'>;
}

/** Genres of which charts and box office are kept warm: those with the most films. */
const GENRES = 8;

/** Argument sets by the coordinate of the field that is kept warm. */
export type WarmLists = Readonly<
  Record<string, (context: WarmListContext) => Promise<readonly Readonly<Record<string, unknown>>[]>>
>;

/** The argument sets of reports that no client should wait for: what the front page and its filters ask for. */
export const warmLists: WarmLists = {
  /** All films, each decade, and the largest genres. */
  'Query.topCharts': async (context: WarmListContext) => [
    {},
    ...(await decades(context)).map((decade) => ({ decade })),
    ...(await largestGenres(context)).map((genre) => ({ genre })),
  ],
  'Query.grossByYear': async (context: WarmListContext) => [
    {},
    ...(await largestGenres(context)).map((genre) => ({ genre })),
  ],
};

async function decades({ database }: WarmListContext): Promise<number[]> {
  const rows = await database.prisma.$queryRaw<{ decade: number }[]>`
    SELECT DISTINCT "releaseYear" / 10 * 10 AS decade FROM "Movie" WHERE "releaseYear" IS NOT NULL ORDER BY decade`;
  return rows.map(({ decade }) => decade);
}

async function largestGenres({ database }: WarmListContext): Promise<string[]> {
  const groups = await database.prisma.movie.groupBy({
    by: ['genre'],
    where: { genre: { not: null } },
    _count: { id: true },
    orderBy: [{ _count: { id: 'desc' } }, { genre: 'asc' }],
    take: GENRES,
  });
  return groups.flatMap(({ genre }) => genre ?? []);
}
