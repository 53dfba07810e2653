import { readFile } from 'node:fs/promises';
import type { Film, Films, Person } from '../servers/films.js';
import { versionedTypeDefs } from '../servers/versioned-films.js';

interface Written {
  readonly films: readonly Film[];
  readonly people: readonly Person[];
}

/** Reads the rows that the bench has written to a file. */
export async function readRows(file: string): Promise<Films> {
  const { films, people }: Written = JSON.parse(await readFile(file, 'utf8'));
  return {
    films: new Map(films.map((film) => [film.id, film])),
    people: new Map(people.map((person) => [person.id, person])),
  };
}

/** The measured schema, without anything of a cache. */
export const typeDefs = `
  type Query {
    movie(id: ID!): Movie
    movies(ids: [ID!]!): [Movie]!
  }
  type Movie { id: ID! title: String! directorId: ID director: Person }
  type Person { id: ID! name: String! }
`;

/** The schema of the servers that share a cache. */
export const sharedTypeDefs = versionedTypeDefs({ movie: '', retitle: '' });

/** Resolvers over the rows, without a cache of their own: one around them has the work. */
export function resolversOf({ films, people }: Films) {
  return {
    Query: {
      movie: (_: unknown, { id }: { id: string }) => films.get(id) ?? null,
      movies: (_: unknown, { ids }: { ids: readonly string[] }) => ids.map((id) => films.get(id) ?? null),
    },
    Movie: {
      director: ({ directorId }: Film) => (directorId === null ? null : (people.get(directorId) ?? null)),
    },
  };
}

/** The same where each film comes with its director, as from one query with a join. */
export function joinedResolversOf(rows: Films) {
  const plain = resolversOf(rows);
  const joined = (film: Film | null) => film && { ...film, director: plain.Movie.director(film) };
  return {
    Query: {
      movie: (_: unknown, { id }: { id: string }) => joined(plain.Query.movie(_, { id })),
      movies: (_: unknown, { ids }: { ids: readonly string[] }) => plain.Query.movies(_, { ids }).map(joined),
    },
  };
}
