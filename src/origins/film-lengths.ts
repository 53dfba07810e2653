import type { PrismaClient } from '../generated/prisma/client.js';

/** What film lengths need of a cache; the cache of the API fits as it is. */
export interface FilmLengthCache {
  fetch<T>(
    key: string,
    options: {
      readonly ttl: number;
      readonly negativeTtl: number;
      readonly staleIfError: number;
      readonly tags: readonly string[];
    },
    load: () => Promise<T>,
  ): Promise<T>;
}

/** How long a film is. */
interface FilmLength {
  /** Null where that is not known. */
  readonly runningTimeMinutes: number | null;
}

/** Tells how long a film is, and that there is one, without asking the database each time. */
export interface FilmLengths {
  /** Null where there is no such film. */
  of(movieId: number): Promise<FilmLength | null>;
}

const KEPT_SECONDS = 60 * 60;
/** Made-up ids must not fill the cache for long. */
const UNKNOWN_SECONDS = 5;

export function createFilmLengths({
  prisma,
  cache,
}: {
  prisma: PrismaClient;
  cache: FilmLengthCache;
}): FilmLengths {
  return {
    of: (id) => {
      const options = {
        ...{ ttl: KEPT_SECONDS, negativeTtl: UNKNOWN_SECONDS, tags: [`Movie:${id}`] },
        // Positions are accepted while the database is away.
        staleIfError: KEPT_SECONDS,
      };
      return cache.fetch(`FilmLength:${id}`, options, () =>
        prisma.movie.findUnique({ where: { id }, select: { runningTimeMinutes: true } }),
      );
    },
  };
}
