import type { Resolvers } from '../generated/graphql.js';
import { accountMutations } from './account-mutations.js';
import { deadLetterMutations, deadLetterQueries, deadLetterResolvers } from './dead-letters.js';
import { movieMutations } from './movie-mutations.js';
import { movieResolvers } from './movie.js';
import { personResolvers } from './person.js';
import { playbackResolvers } from './playback.js';
import { queryResolvers } from './query.js';
import { ratingResolvers } from './rating.js';
import { scalars } from './scalars.js';
import { userResolvers } from './user.js';
import { viewerMutations } from './viewer-mutations.js';

/** Every resolver, by type. Fields without one are columns of their row, or come from an origin. */
export const resolvers: Resolvers = {
  ...scalars,
  Query: { ...queryResolvers, ...deadLetterQueries },
  Mutation: { ...accountMutations, ...movieMutations, ...viewerMutations, ...deadLetterMutations },
  DeadLetter: deadLetterResolvers,
  Movie: movieResolvers,
  Person: personResolvers,
  Playback: playbackResolvers,
  Rating: ratingResolvers,
  User: userResolvers,
};
