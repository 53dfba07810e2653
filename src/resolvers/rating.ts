import type { RatingResolvers } from '../generated/graphql.js';

/** Rating: its film comes from the origin of films. */
export const ratingResolvers: RatingResolvers = {
  ratedAt: ({ updatedAt }) => updatedAt,
};
