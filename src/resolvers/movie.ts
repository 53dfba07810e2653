import { releaseLabel } from './release-label.js';
import { similarMovies } from './similar-movies.js';
import type { MovieResolvers } from '../generated/graphql.js';

/** Movie: director and ratingSummary come from their origins, and Float reads the Decimal of imdbRating. */
export const movieResolvers: MovieResolvers = {
  releaseLabel: (film, _args, { locale }) => releaseLabel(film, locale),
  similar: ({ id }, { first }, { database }) => similarMovies(database.prisma, { movieId: id, first }),
};
