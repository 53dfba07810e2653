import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import {
  cacheTypeDefs,
  createCache,
  memoryStore,
  type Cache,
  type CacheOptions,
  type Store,
} from '../../../src/cache/index.js';
import { cacheLog } from '../cache-log.js';
import { manualClock } from '../manual-clock.js';

/** What every server puts into the context of a request, beside what is the server's own. */
export interface FilmContext {
  viewer?: { id: string };
}

/** A small film API over a database in memory, cached, for any server. */
export interface FilmWorld {
  readonly schema: GraphQLSchema;
  readonly cache: Cache<FilmContext>;
  /** Calls of origins and resolvers since the last look: `Film[1,2]`, `mine(ann)`. */
  loads(): string[];
  /** From now on loads wait for this first. */
  pauseLoads(pause: () => Promise<void>): void;
  /** While true the store applies no invalidation: it throws. Nothing where the world was given a store. */
  loseInvalidations(lost: boolean): void;
  /** The next load of `flaky` throws. */
  failOnce(): void;
}

const typeDefs = /* GraphQL */ `
  type Person {
    id: ID!
    name: String
  }
  type Film {
    id: ID!
    title: String
    director: Person @cached(ttl: 60, pattern: READ_THROUGH, key: "Person:{parent.directorId}")
    similar(first: Int = 2): [String!] @cached(ttl: 60)
  }
  type Renamed {
    film: Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{parent.filmId}")
    titles: [String] @cached(ttl: 60, key: "Titles:{parent.filmId}", tags: ["Films"])
  }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    films(ids: [ID!]!): [Film] @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.ids}")
    titles: [String] @cached(ttl: 60, tags: ["Films"])
    firstTitles: [String] @cached(ttl: 60, tags: ["Films"])
    mine: String @cached(ttl: 60, scope: PRIVATE)
    note(filmId: ID!): String @cached(ttl: 60, scope: PRIVATE, key: "Note:{viewer.id}:{args.filmId}")
    leak: String @cached(ttl: 60)
    leakRequest(property: String!): String @cached(ttl: 60)
    nothing: String @cached(ttl: 60)
    zero: Int @cached(ttl: 60)
    no: Boolean @cached(ttl: 60)
    empty: String @cached(ttl: 60)
    none: [Int!] @cached(ttl: 60)
    flaky: String @cached(ttl: 60)
    plain: String
  }
  type Mutation {
    rename(id: ID!, title: String!): Renamed @invalidates(tags: ["Film:{args.id}", "Films"])
  }
`;

const FILMS = [1, 2, 3, 4];

export function filmWorld(options: Partial<CacheOptions<FilmContext>> = {}): FilmWorld {
  const clock = manualClock();
  const titles = new Map(FILMS.map((id) => [String(id), `film ${id}`]));
  let loads: string[] = [];
  let failures = 0;
  let pause: () => Promise<void> = () => Promise.resolve();
  const load = async <T>(what: string, value: () => T): Promise<T> => {
    loads.push(what);
    await pause();
    return value();
  };
  const memory = memoryStore({ clock });
  let isLost = false;
  const store: Store = {
    ...memory,
    invalidate: (tags, versions) => {
      if (isLost) throw new Error('the store is away');
      return memory.invalidate(tags, versions);
    },
  };
  const cache = createCache<FilmContext>({
    store,
    viewer: (context) => context.viewer?.id,
    environment: 'test',
    log: cacheLog(),
    clock,
    random: () => 0,
    origins: {
      Film: {
        load: (ids) =>
          load(`Film[${ids.join(',')}]`, () =>
            ids.map((id) =>
              titles.has(id) ? { id, title: titles.get(id), directorId: Number(id) % 2 } : null,
            ),
          ),
      },
      Person: {
        load: (ids) =>
          load(`Person[${ids.join(',')}]`, () => ids.map((id) => ({ id, name: `person ${id}` }))),
      },
    },
    ...options,
  });
  const viewerOf = (context: FilmContext): string => context.viewer?.id ?? 'nobody';
  const named = (name: string, value: unknown) => () => load(name, () => value);
  const resolvers = {
    Film: {
      similar: ({ id }: { id: string }, { first }: { first: number }) =>
        load(`similar(${id},${first})`, () => [...titles.values()].slice(0, first)),
    },
    Renamed: { titles: () => load('Renamed.titles', () => [...titles.values()]) },
    Query: {
      titles: () => load('titles', () => [...titles.values()]),
      firstTitles: () => load('firstTitles', () => [...titles.values()].slice(0, 1)),
      mine: (_: unknown, __: unknown, context: FilmContext) =>
        load(`mine(${viewerOf(context)})`, () => `for ${viewerOf(context)}`),
      note: (_: unknown, { filmId }: { filmId: string }, context: FilmContext) =>
        load(`note(${viewerOf(context)},${filmId})`, () => `${viewerOf(context)} on ${filmId}`),
      leak: (_: unknown, __: unknown, context: FilmContext) => viewerOf(context),
      leakRequest: (_: unknown, { property }: { property: string }, context: FilmContext) =>
        typeof Reflect.get(context, property),
      nothing: named('nothing', null),
      zero: named('zero', 0),
      no: named('no', false),
      empty: named('empty', ''),
      none: named('none', []),
      flaky: () =>
        load('flaky', () => {
          failures -= 1;
          if (failures >= 0) throw new Error('the database is away');
          return 'well';
        }),
      plain: () => 'plain',
    },
    Mutation: {
      rename: (_: unknown, { id, title }: { id: string; title: string }) => {
        titles.set(id, title);
        return { filmId: id };
      },
    },
  };
  return {
    cache,
    schema: cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers })),
    loads: () => {
      const seen = loads;
      loads = [];
      return seen;
    },
    pauseLoads: (next) => (pause = next),
    loseInvalidations: (lost) => (isLost = lost),
    failOnce: () => (failures = 1),
  };
}
