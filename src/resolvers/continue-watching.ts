import type { Playback, PrismaClient } from '../generated/prisma/client.js';

/** From here on a film counts as finished: what is left are the credits. */
const FINISHED_SHARE = 0.98;

/** The films that a user began and did not finish, the latest first. */
export function continueWatching(
  prisma: PrismaClient,
  { userId, first }: { userId: number; first: number },
): Promise<Playback[]> {
  return prisma.$queryRaw<Playback[]>`
    SELECT playback.* FROM "Playback" AS playback JOIN "Movie" AS movie ON movie."id" = playback."movieId"
    WHERE playback."userId" = ${userId} AND playback."positionSeconds" > 0
      AND (movie."runningTimeMinutes" IS NULL
        OR playback."positionSeconds" < movie."runningTimeMinutes" * 60 * ${FINISHED_SHARE}::float8)
    ORDER BY playback."updatedAt" DESC, playback."movieId" LIMIT ${first}`;
}
