import { releaseLabel } from './release-label.js';
import type { MovieResolvers } from '../generated/graphql.js';

/** Movie: director and ratingSummary come from their origins, and Float reads the Decimal of imdbRating. */
export const movieResolvers: MovieResolvers = {
  releaseLabel: (film, _args, { locale }) => releaseLabel(film, locale),
  similar: ({ id }, { first }, { similarMovies }) => similarMovies.to({ movieId: id, first }),
};
