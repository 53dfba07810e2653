import DataLoader from 'dataloader';
import type { ApiContext } from '../../../src/context.js';
import type { MutationResolvers, Resolvers } from '../../../src/generated/graphql.js';
import type { Movie, Person } from '../../../src/generated/prisma/client.js';
import type { RatingSummary } from '../../../src/generated/graphql.js';
import { requireViewer } from '../../../src/accounts/require-viewer.js';
import { movieOrigin } from '../../../src/origins/movie.js';
import { personOrigin } from '../../../src/origins/person.js';
import { ratingSummaryOrigin } from '../../../src/origins/rating-summary.js';
import { noSuchMovie } from '../../../src/resolvers/movie-mutations.js';
import { resolvers } from '../../../src/resolvers/resolvers.js';

interface Loaders {
  readonly films: DataLoader<string, Movie | null>;
  readonly people: DataLoader<string, Person | null>;
  readonly ratings: DataLoader<string, RatingSummary>;
}

const loadersOfContext = new WeakMap<ApiContext, Loaders>();

/** They ask for the rows of one level in one statement, and keep none: a row that is kept may be older than a later load. */
export function loadersOf(context: ApiContext): Loaders {
  const known = loadersOfContext.get(context);
  if (known !== undefined) return known;
  const made: Loaders = {
    films: new DataLoader((ids) => movieOrigin.load(ids, context), { cache: false }),
    people: new DataLoader((ids) => personOrigin.load(ids, context), { cache: false }),
    ratings: new DataLoader((ids) => ratingSummaryOrigin.load(ids, context), { cache: false }),
  };
  loadersOfContext.set(context, made);
  return made;
}

/** Notes a position in the database before it answers. */
const recordPlayback: MutationResolvers['recordPlayback'] = async (
  _root,
  { movieId, positionSeconds },
  context,
) => {
  const key = { userId: requireViewer(context).id, movieId: Number(movieId) };
  if ((await context.filmLengths.of(key.movieId)) === null) throw noSuchMovie('movieId');
  return context.database.prisma.playback.upsert({
    where: { userId_movieId: key },
    create: { ...key, positionSeconds },
    update: { positionSeconds, version: { increment: 1 } },
  });
};

/** The resolvers of the API, and positions that are written straight. */
export const straightResolvers: Resolvers = {
  ...resolvers,
  Mutation: { ...resolvers.Mutation, recordPlayback },
};

/** The same, and rows that resolvers load, as they do without an engine that asks origins. */
export const plainResolvers = {
  ...straightResolvers,
  Query: {
    ...resolvers.Query,
    movie: (_root: unknown, { id }: { id: string }, context: ApiContext) => loadersOf(context).films.load(id),
    movies: (_root: unknown, { ids }: { ids: string[] }, context: ApiContext) =>
      Promise.all(ids.map((id) => loadersOf(context).films.load(id))),
    person: (_root: unknown, { id }: { id: string }, context: ApiContext) =>
      loadersOf(context).people.load(id),
  },
  Movie: {
    ...resolvers.Movie,
    director: ({ directorId }: Movie, _args: unknown, context: ApiContext) =>
      directorId === null ? null : loadersOf(context).people.load(String(directorId)),
    ratingSummary: ({ id }: Movie, _args: unknown, context: ApiContext) =>
      loadersOf(context).ratings.load(String(id)),
  },
  Playback: { ...resolvers.Playback, movie: filmOfRow },
  Rating: { ...resolvers.Rating, movie: filmOfRow },
} satisfies Resolvers;

function filmOfRow({ movieId }: { movieId: number }, _args: unknown, context: ApiContext) {
  return loadersOf(context).films.load(String(movieId));
}
