import type { PersonResolvers } from '../generated/graphql.js';

/** Person. */
export const personResolvers: PersonResolvers = {
  movies: ({ id }, { first }, { database }) =>
    database.prisma.movie.findMany({
      where: { directorId: id },
      orderBy: [{ releaseDate: { sort: 'desc', nulls: 'last' } }, { id: 'asc' }],
      take: first,
    }),
};
