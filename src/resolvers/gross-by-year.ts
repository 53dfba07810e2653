import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

export interface YearGross {
  readonly year: number;
  readonly movieCount: number;
  readonly usGross: bigint;
  readonly worldwideGross: bigint;
}

/** Box office by year of release; films without a year are left out. */
export function grossByYear(prisma: PrismaClient, genre: string | null | undefined): Promise<YearGross[]> {
  const ofGenre = typeof genre === 'string' ? Prisma.sql`AND "genre" = ${genre}` : Prisma.empty;
  return prisma.$queryRaw<YearGross[]>`
    SELECT "releaseYear" AS year, count(*)::int AS "movieCount",
      COALESCE(sum("usGross"), 0)::bigint AS "usGross",
      COALESCE(sum("worldwideGross"), 0)::bigint AS "worldwideGross"
    FROM "Movie" WHERE "releaseYear" IS NOT NULL ${ofGenre}
    GROUP BY "releaseYear" ORDER BY "releaseYear"`;
}
