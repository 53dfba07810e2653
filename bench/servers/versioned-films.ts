import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';

/** How servers that share a cache are set up: two processes of each contestant, over one Redis and one origin. */
export interface SharedSettings {
  /** The cache's own. */
  readonly redisUrl: string;
  /** Another Redis, which stands for the database. */
  readonly originUrl: string;
  /** The films of the origin that belong to this contestant. */
  readonly owner: string;
  readonly loadMs: number;
  readonly ttlSeconds: number;
  /** How long after that an old value may be given while it is loaded; 0 for never. */
  readonly staleSeconds: number;
}

export interface VersionedFilm {
  readonly id: string;
  readonly title: string;
  /** How often it was written. */
  readonly version: number;
}

/** Films that are loaded slowly, and written. */
export interface VersionedFilms {
  load(id: string): Promise<VersionedFilm>;
  retitle(id: string): Promise<VersionedFilm>;
  /** How many films were loaded. */
  loads(): number;
  close(): Promise<void>;
}

/** The key of a film at the origin. */
export function originKey(owner: string, id: string): string {
  return `${owner}:${id}`;
}

/** Reads and writes happen in the middle of the time that they take, as in a database behind a network. */
export function openVersionedFilms({ originUrl, owner, loadMs }: SharedSettings): VersionedFilms {
  const redis = new Redis(originUrl);
  let loads = 0;
  const slowly = async (work: () => Promise<number>): Promise<number> => {
    await passes(loadMs / 2);
    const version = await work();
    await passes(loadMs / 2);
    return version;
  };
  const filmOf = (id: string, version: number): VersionedFilm => ({ id, title: `Film ${id}`, version });
  return {
    load: async (id) => {
      loads += 1;
      return filmOf(id, await slowly(async () => Number(await redis.get(originKey(owner, id)))));
    },
    retitle: async (id) => filmOf(id, await slowly(() => redis.incr(originKey(owner, id)))),
    loads: () => loads,
    close: () => Promise.resolve(redis.disconnect()),
  };
}

/** The schema of these films; the directives, if any, stand behind the two fields. */
export function versionedTypeDefs(directives: { readonly movie: string; readonly retitle: string }): string {
  return `
    type Query { movie(id: ID!): Movie ${directives.movie} }
    type Mutation { retitle(id: ID!): Movie ${directives.retitle} }
    type Movie { id: ID! title: String! version: Int! }
  `;
}

/** Resolvers without a cache. */
export function versionedResolvers(films: VersionedFilms) {
  return {
    Query: { movie: (_: unknown, { id }: { id: string }) => films.load(id) },
    Mutation: { retitle: (_: unknown, { id }: { id: string }) => films.retitle(id) },
  };
}
