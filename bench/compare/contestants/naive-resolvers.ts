import type { GraphQLFieldResolver } from 'graphql';
import type { ApiContext } from '../../../src/context.js';
import type { Resolvers } from '../../../src/generated/graphql.js';
import { shortened } from './arrange-type-defs.js';
import type { NaiveCache } from './naive-cache.js';
import { plainResolvers } from './plain-resolvers.js';

type Arguments = Readonly<Record<string, unknown>>;
type Resolver = GraphQLFieldResolver<Readonly<Record<string, unknown>>, ApiContext>;
type KeyOf = (
  parent: Readonly<Record<string, unknown>>,
  args: Arguments,
  context: ApiContext,
) => string | undefined;

/** What is kept, for how long by schema/, and under which key; undefined where there is nothing to ask for. */
const READS: Readonly<Record<string, readonly [ttl: number, key: KeyOf]>> = {
  'Query.movie': [300, (_parent, { id }) => `film:${String(id)}`],
  'Query.person': [3600, (_parent, { id }) => `person:${String(id)}`],
  'Query.searchMovies': [60, (_parent, args) => `search:${JSON.stringify(args)}`],
  'Query.topCharts': [300, (_parent, args) => `charts:${JSON.stringify(args)}`],
  'Query.grossByYear': [3600, (_parent, args) => `gross:${JSON.stringify(args)}`],
  'Query.playback': [300, (_parent, { movieId }, { viewer }) => `playback:${viewer?.id}:${String(movieId)}`],
  'Query.continueWatching': [
    60,
    (_parent, { first }, { viewer }) => `continue:${viewer?.id}:${String(first)}`,
  ],
  'Movie.director': [
    3600,
    ({ directorId }) => (typeof directorId === 'number' ? `person:${directorId}` : undefined),
  ],
  'Movie.ratingSummary': [300, ({ id }) => `ratings:${String(id)}`],
  'Movie.similar': [600, ({ id }, { first }) => `similar:${String(id)}:${String(first)}`],
  'Person.movies': [300, ({ id }, { first }) => `films-of:${String(id)}:${String(first)}`],
  'Playback.movie': [300, ({ movieId }) => `film:${String(movieId)}`],
  'Rating.movie': [300, ({ movieId }) => `film:${String(movieId)}`],
};

/** Which keys a write deletes, once it has committed. */
const WRITES: Readonly<Record<string, (args: Arguments, context: ApiContext) => readonly string[]>> = {
  'Mutation.updateMovie': ({ id }) => [`film:${String(id)}`],
  'Mutation.rateMovie': ({ movieId }) => [`ratings:${String(movieId)}`],
  'Mutation.recordPlayback': ({ movieId }, { viewer }) => [
    `playback:${viewer?.id}:${String(movieId)}`,
    `continue:${viewer?.id}:10`,
  ],
};

/** The plain resolvers with a naive cache around each that loads. */
export function naiveResolvers(cache: NaiveCache, timesFaster: number): Resolvers {
  const around = (coordinate: string, resolve: Resolver): Resolver => {
    const read = READS[coordinate];
    if (read !== undefined) {
      const [ttl, keyOf] = read;
      return async (parent, args: Arguments, context, info) => {
        const key = keyOf(parent, args, context);
        const load = async (): Promise<unknown> => resolve(parent, args, context, info);
        return key === undefined ? load() : cache.read(key, shortened(ttl, timesFaster), load);
      };
    }
    const forgotten = WRITES[coordinate];
    if (forgotten === undefined) return resolve;
    return async (parent, args: Arguments, context, info) => {
      const answer: unknown = await resolve(parent, args, context, info);
      await cache.forget(...forgotten(args, context));
      return answer;
    };
  };
  const wrapped = Object.entries(plainResolvers).map(([type, fields]) => {
    const own = Object.entries(fields).map(([field, resolve]) => [
      field,
      isResolver(resolve) ? around(`${type}.${field}`, resolve) : resolve,
    ]);
    return [type, Object.fromEntries(own)];
  });
  return Object.fromEntries(wrapped) as Resolvers;
}

function isResolver(field: unknown): field is Resolver {
  return typeof field === 'function';
}
