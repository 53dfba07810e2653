import {
  type ArgumentCheck,
  hasOneDecimal,
  isBetween,
  isDayBetween,
  isDecade,
  isId,
  isIdList,
  orNull,
} from './argument-checks.js';
import { isName } from './name-check.js';
import { isCursor, isEmail, isLine, isPassword, isProse } from './text-checks.js';

/** What each argument must be: coordinate, then the path of the argument. Every argument of the schema is here. */
export type ArgumentRules = Readonly<Record<string, Readonly<Record<string, ArgumentCheck>>>>;

const id = { id: isId };
const first = { first: isBetween(1, 100) };
const genre = orNull(isLine(1, 100));
/** In dollars: all films of a year together stay exact as a JSON number. */
const money = orNull(isBetween(0, 1_000_000_000_000));
const votes = orNull(isBetween(0, 2_147_483_647));

/** Null in place of a title or a name is for the resolvers: they know that it cannot be cleared. */
const movieInput = {
  'input.title': orNull(isLine(1, 200)),
  'input.releaseDate': orNull(isDayBetween(1888, 2100)),
  'input.genre': genre,
  'input.creativeType': orNull(isLine(1, 100)),
  'input.source': orNull(isLine(1, 100)),
  'input.mpaaRating': orNull(isLine(1, 100)),
  'input.runningTimeMinutes': orNull(isBetween(1, 1440)),
  'input.distributor': orNull(isLine(1, 100)),
  'input.usGross': money,
  'input.worldwideGross': money,
  'input.productionBudget': money,
  'input.imdbRating': orNull(hasOneDecimal(isBetween(1, 10))),
  'input.imdbVotes': votes,
  'input.rottenTomatoesScore': orNull(isBetween(0, 100)),
  'input.directorName': orNull(isLine(1, 200)),
};

export const argumentRules: ArgumentRules = {
  'Query.movie': id,
  'Query.movies': { ids: isIdList(100) },
  'Query.searchMovies': { text: orNull(isLine(1, 100)), genre, ...first, after: orNull(isCursor) },
  'Query.topCharts': { decade: orNull(isDecade), genre, ...first },
  'Query.grossByYear': { genre },
  'Query.person': id,
  'Query.user': id,
  'Query.playback': { movieId: isId },
  'Query.continueWatching': first,
  'Mutation.replayDeadLetter': { key: isLine(1, 1000) },
  'Movie.similar': first,
  'Person.movies': first,
  'User.ratings': first,
  'Mutation.signUp': { email: isEmail, password: isPassword(8, 200), displayName: isName(1, 80) },
  // Passwords of old rules must still open their account; the upper bound keeps hashing cheap.
  'Mutation.signIn': { email: isEmail, password: isPassword(1, 200) },
  'Mutation.updateProfile': {
    'input.displayName': orNull(isName(1, 80)),
    'input.bio': orNull(isProse(1000)),
  },
  'Mutation.rateMovie': { movieId: isId, stars: isBetween(1, 5) },
  'Mutation.recordPlayback': { movieId: isId, positionSeconds: isBetween(0, 86_400) },
  'Mutation.createMovie': movieInput,
  'Mutation.updateMovie': { ...id, ...movieInput },
  'Mutation.deleteMovie': id,
};
