import type { UserResolvers } from '../generated/graphql.js';

/** User. The e-mail address is decided for each reader, so it must never become a field of a shared entry's own. */
export const userResolvers: UserResolvers = {
  email: ({ id, email }, _args, { viewer, provenUserId }) =>
    provenUserId === id || (viewer !== undefined && (viewer.id === id || viewer.role === 'ADMIN'))
      ? email
      : null,
  memberSince: ({ createdAt }) => createdAt,
  ratings: ({ id }, { first }, { database }) =>
    database.prisma.rating.findMany({
      where: { userId: id },
      orderBy: [{ updatedAt: 'desc' }, { movieId: 'asc' }],
      take: first,
    }),
};
