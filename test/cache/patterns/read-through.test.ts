import { describe, expect, it } from 'vitest';
import { createGate } from '../../support/gate.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Person { id: ID! name: String }
  type Film {
    id: ID!
    title: String
    director: Person @cached(ttl: 60, pattern: READ_THROUGH, key: "Person:{parent.directorId}")
  }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}")
    films(ids: [ID!]): [Film] @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.ids}")
    person(id: ID!): Person @cached(ttl: 60, pattern: READ_THROUGH, key: "Person:{args.id}")
    lost: Lost
  }
  type Lost { keeper: Person @cached(ttl: 60, pattern: READ_THROUGH, key: "Person:{parent.keeperId}") }
`;

function filmCache() {
  const loads: string[] = [];
  let answer: (namespace: string, ids: readonly string[]) => unknown = (namespace, ids) =>
    ids.map((id) => row(namespace, id));
  const origin = (namespace: string) => ({
    load: async (ids: readonly string[]): Promise<readonly unknown[]> => {
      loads.push(`${namespace}[${ids.join(',')}]`);
      return (await answer(namespace, ids)) as readonly unknown[];
    },
  });
  const tested = testCache({
    typeDefs,
    resolvers: { Query: { lost: () => ({}) } },
    origins: { Film: origin('Film'), Person: origin('Person') },
  });
  return { ...tested, loads, setAnswer: (next: typeof answer) => (answer = next) };
}

function row(namespace: string, id: string): unknown {
  if (Number(id) > 900) return null;
  // Odd films share a director; film 5 has none.
  const directorId = id === '5' ? null : Number(id) % 2;
  return namespace === 'Film' ? { id, title: `film ${id}`, directorId } : { id, name: `person ${id}` };
}

it('tells its reader of a context that cannot be guarded, also where it loads for that reader alone', async () => {
  const { cache, query } = testCache({
    typeDefs: `
      type Film { id: ID! }
      type Query { film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}") }
    `,
    disabled: 'all',
    neutral: ['viewer'],
    origins: { Film: { load: (ids) => Promise.resolve(ids.map((id) => ({ id }))) } },
  });
  const { result } = await query('{ film(id: 1) { id } }', { viewer: { id: 'ann' } });
  expect(result.errors?.[0]?.message).toContain('neutral');
  await cache.close();
});

describe('READ_THROUGH', () => {
  it('asks the origin once per level for a whole list, then not at all', async () => {
    const { query, loads } = filmCache();
    const source = '{ films(ids: [1, 2, 3, 4]) { title director { name } } }';
    const cold = await query(source);
    expect(loads).toEqual(['Film[1,2,3,4]', 'Person[1,0]']);
    expect(cold.evidence.summary.loads).toBe(2);
    const warm = await query('{ films(ids: [4, 2, 3, 1]) { id director { id } } }');
    expect(loads).toHaveLength(2);
    expect(warm.evidence.summary).toMatchObject({ hits: 8, misses: 0, loads: 0 });
    expect(warm.data).toMatchObject({ films: [{ id: '4' }, { id: '2' }, { id: '3' }, { id: '1' }] });
  });

  it('asks only for the elements that are missing', async () => {
    const { query, loads } = filmCache();
    await query('{ films(ids: [1, 3]) { title } }');
    await query('{ films(ids: [1, 2, 3, 4]) { title } }');
    expect(loads).toEqual(['Film[1,3]', 'Film[2,4]']);
  });

  it('shares entries between single and list fields, and between a root field and an object field', async () => {
    const { query, loads } = filmCache();
    await query('{ films(ids: [1]) { director { name } } }');
    const answer = await query('{ film(id: 1) { title } person(id: 1) { name } }');
    expect(answer.outcomes).toEqual(['Query.film HIT', 'Query.person HIT']);
    expect(loads).toHaveLength(2);
  });

  it('joins the loads of aliases in one tick into one call, and asks for no id twice', async () => {
    const { query, loads } = filmCache();
    await query('{ a: film(id: 1) { id } b: film(id: 2) { id } c: film(id: 1) { title } }');
    expect(loads).toEqual(['Film[1,2]']);
  });

  it('answers null at the place of what is absent, and remembers that too', async () => {
    const { query, loads } = filmCache();
    const source = '{ films(ids: [1, 999, 2]) { id } }';
    expect((await query(source)).data).toEqual({ films: [{ id: '1' }, null, { id: '2' }] });
    expect((await query(source)).evidence.summary.hits).toBe(3);
    expect(loads).toHaveLength(1);
  });

  it('answers a null id with null, and asks nobody', async () => {
    const { query, loads } = filmCache();
    const { data, evidence } = await query('{ film(id: 5) { director { name } } }');
    expect(data).toEqual({ film: { director: null } });
    expect(evidence.fields[1]).toMatchObject({ outcome: 'BYPASS', reason: 'no id' });
    expect(loads).toEqual(['Film[5]']);
  });

  it('answers a null list with null, and an empty list with an empty list', async () => {
    const { query, loads } = filmCache();
    expect((await query('{ films(ids: null) { id } }')).data).toEqual({ films: null });
    expect((await query('{ films { id } }')).data).toEqual({ films: null });
    expect((await query('{ films(ids: []) { id } }')).data).toEqual({ films: [] });
    expect(loads).toEqual([]);
  });

  it('reports the Error of one id at its place only, and does not store it', async () => {
    const { query, setAnswer } = filmCache();
    setAnswer((_, ids) => ids.map((id) => (id === '2' ? new Error('film 2 is broken') : row('Film', id))));
    const { data, result } = await query('{ films(ids: [1, 2, 3]) { id } }');
    expect(data).toEqual({ films: [{ id: '1' }, null, { id: '3' }] });
    expect(result.errors).toMatchObject([{ message: 'film 2 is broken', path: ['films', 1] }]);
    setAnswer((namespace, ids) => ids.map((id) => row(namespace, id)));
    expect((await query('{ film(id: 2) { id } }')).data).toEqual({ film: { id: '2' } });
  });

  it('refuses an answer that is not one element per id', async () => {
    const { query, setAnswer } = filmCache();
    setAnswer(() => []);
    expect((await query('{ film(id: 1) { id } }')).result.errors?.[0]?.message).toBe(
      'origins.Film.load must answer with one element per id, in their order: asked for 1, but got 0',
    );
    setAnswer(() => 'nothing');
    expect((await query('{ film(id: 1) { id } }')).result.errors?.[0]?.message).toBe(
      'origins.Film.load must answer with one element per id, in their order: asked for 1, but got no list (string)',
    );
  });

  it('fails aloud where the parent lacks the column of the key, instead of answering null', async () => {
    const { query } = filmCache();
    expect((await query('{ lost { keeper { name } } }')).result.errors?.[0]?.message).toBe(
      "Lost.keeper: the key's {parent.keeperId} has no value, because the parent that was returned has no keeperId; " +
        'return it with the parent, or correct the placeholder',
    );
  });

  it('loads a key once for 1,000 concurrent requests', async () => {
    const { query, loads, setAnswer } = filmCache();
    const gate = createGate();
    setAnswer(async (namespace, ids) => {
      await gate.wait();
      return ids.map((id) => row(namespace, id));
    });
    const reads = Array.from({ length: 1000 }, () => query('{ film(id: 1) { title } }'));
    await gate.arrived();
    gate.open();
    const answers = await Promise.all(reads);
    expect(loads).toEqual(['Film[1]']);
    expect(answers.every(({ data }) => JSON.stringify(data) === '{"film":{"title":"film 1"}}')).toBe(true);
  });

  it('does not let one slow flight hold up the rest of a list', async () => {
    const { query, setAnswer } = filmCache();
    const gate = createGate();
    setAnswer(async (namespace, ids) => {
      if (ids.includes('1')) await gate.wait();
      return ids.map((id) => row(namespace, id));
    });
    const slow = query('{ film(id: 1) { title } }');
    await gate.arrived();
    const both = query('{ films(ids: [1, 2]) { title } }');
    expect((await query('{ film(id: 2) { title } }')).data).toEqual({ film: { title: 'film 2' } });
    gate.open();
    expect((await both).data).toEqual({ films: [{ title: 'film 1' }, { title: 'film 2' }] });
    await slow;
  });
});
