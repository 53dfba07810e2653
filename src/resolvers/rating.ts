import type { RatingResolvers } from '../generated/graphql.js';
import { idOfPair } from './id-of-pair.js';

/** Rating: its film comes from the origin of films. */
export const ratingResolvers: RatingResolvers = {
  id: ({ userId, movieId }) => idOfPair(userId, movieId),
  ratedAt: ({ updatedAt }) => updatedAt,
};
