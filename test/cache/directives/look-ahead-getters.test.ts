import { describe, expect, it } from 'vitest';
import { testCache } from '../../support/test-cache.js';
import { hearUnhandled } from '../../support/unhandled.js';

interface Row {
  readonly id: string;
  readonly director: Promise<never>;
}

const loads: string[] = [];

const never = new Promise<never>(() => undefined);

/** Loads what hangs from a row where it is asked for, as entities of some mappers do. */
function directorOf(id: string): Promise<never> {
  loads.push(id);
  return Promise.reject(new Error(`the director of ${id} was not found`));
}

class Film implements Row {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  get director(): Promise<never> {
    return directorOf(this.id);
  }
}

function plainFilm(id: string): Row {
  return {
    id,
    get director() {
      return directorOf(id);
    },
  };
}

/** Has the director as a property that its own code answers for. */
function proxiedFilm(id: string): Row {
  return new Proxy(
    { id, director: never },
    {
      get: (film, name) => (name === 'director' ? directorOf(id) : Reflect.get(film, name)),
    },
  );
}

/** Asks for what lies below the getters of two rows. */
async function asked(make: (id: string) => Row) {
  const unhandled = hearUnhandled();
  loads.length = 0;
  const { query } = testCache({
    typeDefs: `
      type Person { id: ID! films: Int @cached(ttl: 60, key: "Films:{parent.id}") }
      type Film { id: ID! director: Person }
      type Query { films: [Film] @cached(ttl: 60) }
    `,
    resolvers: { Query: { films: () => ['1', '2'].map(make) }, Person: { films: () => 1 } },
  });
  const { result } = await query('{ films { director { films } } }');
  const errors = result.errors?.map(({ message }) => message);
  return { unhandled: await unhandled.heard(), errors };
}

const FAILED = ['the director of 1 was not found', 'the director of 2 was not found'];

describe('a getter below a list that loads', () => {
  it('of a class loads once, and what fails is an error of its field', async () => {
    expect(await asked((id) => new Film(id))).toEqual({ unhandled: [], errors: FAILED });
    expect(loads).toEqual(['1', '2']);
  });

  it('of the row itself loads once, and what fails is an error of its field', async () => {
    expect(await asked(plainFilm)).toEqual({ unhandled: [], errors: FAILED });
    expect(loads).toEqual(['1', '2']);
  });

  it('of a proxy loads once, and what fails is an error of its field', async () => {
    expect(await asked(proxiedFilm)).toEqual({ unhandled: [], errors: FAILED });
    expect(loads).toEqual(['1', '2']);
  });
});
