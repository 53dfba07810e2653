import { Prisma, type PrismaClient } from '../generated/prisma/client.js';

export interface YearGross {
  readonly year: number;
  readonly movieCount: number;
  /** Null where it is too much for a JSON number to be exact. */
  readonly usGross: bigint | null;
  readonly worldwideGross: bigint | null;
}

/** Box office by year of release; films without a year are left out. */
export function grossByYear(prisma: PrismaClient, genre: string | null | undefined): Promise<YearGross[]> {
  const ofGenre = typeof genre === 'string' ? Prisma.sql`AND "genre" = ${genre}` : Prisma.empty;
  // Our inputs are bounded, but others write into the database too: one film must not take the report from all.
  return prisma.$queryRaw<YearGross[]>`
    SELECT "releaseYear" AS year, count(*)::int AS "movieCount",
      ${exact(Prisma.sql`"usGross"`)} AS "usGross", ${exact(Prisma.sql`"worldwideGross"`)} AS "worldwideGross"
    FROM "Movie" WHERE "releaseYear" IS NOT NULL ${ofGenre}
    GROUP BY "releaseYear" ORDER BY "releaseYear"`;
}

/** The sum of a column, or null where it is beyond what SafeInt holds. */
function exact(column: Prisma.Sql): Prisma.Sql {
  const sum = Prisma.sql`COALESCE(sum(${column}), 0)`;
  const isExact = Prisma.sql`abs(${sum}) <= ${Number.MAX_SAFE_INTEGER}::bigint`;
  return Prisma.sql`CASE WHEN ${isExact} THEN ${sum}::bigint END`;
}
