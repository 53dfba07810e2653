/** Films that writers change, and behind them those that only the probes of processes change. */
export const WRITTEN = 20_000;
export const PROBED = 100;

/** The table of films of this API, as its migrations make it. */
export const makeMovies = `
  CREATE TABLE "Movie" (
    "id" serial PRIMARY KEY, "title" text NOT NULL, "releaseDate" date, "releaseYear" int, "genre" text, "creativeType" text,
    "source" text, "mpaaRating" text, "runningTimeMinutes" int, "distributor" text, "usGross" bigint, "worldwideGross" bigint,
    "productionBudget" bigint, "imdbRating" decimal(3, 1), "imdbVotes" int, "rottenTomatoesScore" int, "directorId" int,
    "version" int NOT NULL DEFAULT 1, "createdAt" timestamp(3) NOT NULL DEFAULT now(), "updatedAt" timestamp(3) NOT NULL DEFAULT now()
  );
  CREATE INDEX ON "Movie" ("directorId");
  CREATE INDEX ON "Movie" ("genre", "imdbVotes");
  CREATE INDEX ON "Movie" ("releaseYear");
  INSERT INTO "Movie" ("title", "releaseDate", "releaseYear", "genre", "creativeType", "source", "mpaaRating", "distributor",
    "usGross", "worldwideGross", "imdbRating", "imdbVotes", "directorId")
  SELECT 'The film number ' || n, '2000-01-01', 1950 + n % 70, 'Drama', 'Contemporary Fiction', 'Original Screenplay', 'PG-13',
    'Paramount Pictures', n * 1000, n * 3000, 6.5, n, n % 500 FROM generate_series(1, ${WRITTEN + PROBED}) AS n;
  ANALYZE "Movie"`;

export const workloads = {
  single: { title: 'one row a transaction', rows: 1 },
  ten: { title: 'ten rows a transaction', rows: 10 },
  bulk: { title: 'one statement over 10,000 rows', rows: 10_000 },
} as const;
export type WorkloadName = keyof typeof workloads;

const update = (at: string): string =>
  `UPDATE "Movie" SET "usGross" = "usGross" + 1, "version" = "version" + 1 WHERE "id" ${at};`;

/** What pgbench runs again and again. Rows of a transaction are in order, so that writers wait and never deadlock. */
export function scriptOf(name: WorkloadName): string {
  if (name === 'bulk') return update('<= 10000');
  const { rows } = workloads[name];
  const share = WRITTEN / rows;
  const lines = Array.from({ length: rows }, (_, index) => [
    `\\set id random(${index * share + 1}, ${(index + 1) * share})`,
    update('= :id'),
  ]).flat();
  return (rows === 1 ? lines : ['BEGIN;', ...lines, 'COMMIT;']).join('\n');
}
