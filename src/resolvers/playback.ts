import type { PlaybackResolvers } from '../generated/graphql.js';
import { idOfPair } from './id-of-pair.js';

/** Playback: its film comes from the origin of films. */
export const playbackResolvers: PlaybackResolvers = {
  id: ({ userId, movieId }) => idOfPair(userId, movieId),
};
