import { describe, expect, it } from 'vitest';
import { hearUnhandled } from '../../support/unhandled.js';
import { testCache } from '../../support/test-cache.js';

function failing(): Promise<never> {
  return Promise.reject(new Error('not found'));
}

class Saved {
  readonly count = 1;
  get film() {
    return failing();
  }
}

class Film {
  readonly title = 'Alien';
  get director() {
    return failing();
  }
}

describe('a getter that fails, through which a tag or a key leads', () => {
  it('ends no process where a tag leads through it', async () => {
    const unhandled = hearUnhandled();
    const { query } = testCache({
      typeDefs: `
        type Film { id: ID! }
        type Saved { film: Film count: Int }
        type Query { film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}") }
        type Mutation { save: Saved @invalidates(tags: ["Film:{result.film.id}"]) }
      `,
      resolvers: { Query: { film: () => 'Alien' }, Mutation: { save: () => new Saved() } },
    });
    expect((await query('mutation { save { count } }')).data).toEqual({ save: { count: 1 } });
    expect(await unhandled.heard()).toEqual([]);
  });

  it.each(['key: "Works:{parent.director.id}"', 'key: "Works", tags: ["Person:{parent.director.id}"]'])(
    'ends no process where an entry is named through it: %s',
    async (names) => {
      const unhandled = hearUnhandled();
      const { query } = testCache({
        typeDefs: `
          type Person { id: ID! }
          type Film { title: String director: Person works: Int @cached(ttl: 60, ${names}) }
          type Query { film: Film films: [Film] }
        `,
        resolvers: {
          Query: { film: () => new Film(), films: () => [new Film(), new Film()] },
          Film: { works: () => 1 },
        },
      });
      await query('{ film { title works } films { works } }');
      expect(await unhandled.heard()).toEqual([]);
    },
  );
});
