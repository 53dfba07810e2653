import { readFilms } from '../../prisma/seed/read-films.js';

export interface Film {
  readonly id: string;
  readonly title: string;
  readonly directorId: string | null;
}

export interface Person {
  readonly id: string;
  readonly name: string;
}

export interface Films {
  readonly films: ReadonlyMap<string, Film>;
  readonly people: ReadonlyMap<string, Person>;
}

/** The films of the API's demo data, whole rows as a database would give them, so that all servers answer the same. */
export async function readRows(): Promise<Films> {
  const { films, people } = await readFilms();
  return {
    films: new Map(
      films.map((film) => [
        String(film.id),
        {
          ...film,
          id: String(film.id),
          directorId: film.directorId === null ? null : String(film.directorId),
        },
      ]),
    ),
    people: new Map(people.map((person) => [String(person.id), { ...person, id: String(person.id) }])),
  };
}

/** The part of the API's schema that is measured, with its directives. `local` seconds for all three fields. */
export function filmTypeDefs(local: number): string {
  const cached = (key: string): string =>
    `@cached(ttl: 3600, pattern: READ_THROUGH, key: "${key}", local: ${local})`;
  return `
    type Query {
      movie(id: ID!): Movie ${cached('Movie:{args.id}')}
      movies(ids: [ID!]!): [Movie]! ${cached('Movie:{args.ids}')}
    }
    type Movie {
      id: ID!
      title: String!
      directorId: ID
      director: Person ${cached('Person:{parent.directorId}')}
    }
    type Person { id: ID! name: String! }
  `;
}
