import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../../src/cache/index.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}", tags: ["Films"])
    films: [Film!]! @cached(ttl: 30)
    mine: String @cached(ttl: 60, scope: PRIVATE)
    plain: String
  }
  type Film { id: ID! title: String director: Person @cached(ttl: 60, key: "Director:{parent.id}") }
  type Person { name: String born: Int @cached(ttl: 60, key: "Born:{parent.name}") }
`;
const film = (id: string) => ({ id, title: `film ${id}`, director: { name: `of ${id}`, born: 1960 } });
const resolvers = {
  Query: {
    film: (_parent: unknown, { id }: { id?: string }) => film(id ?? ''),
    films: () => [film('1'), film('2')],
    mine: () => 'mine',
  },
  Film: { director: (parent: unknown) => film(String(Reflect.get(Object(parent), 'id'))).director },
  Person: { born: () => 1960 },
};

/** A store that is asked as one that is far away. */
const farCache = () => {
  const clock = manualClock();
  return testCache({ typeDefs, resolvers, clock, store: { ...memoryStore({ clock }), isLocal: false } });
};

describe('what the cache would do for an operation', () => {
  it.each([
    '{ film(id: 1) { title } }',
    '{ film(id: 1) { title director { name born } } }',
    '{ films { title director { name } } a: film(id: 1) { title } }',
    '{ plain }',
    '{ films { ...below } } fragment below on Film { director { born } }',
  ])('it asks the store as often as it says: %s', async (document) => {
    const { cache, query } = farCache();
    await query(document);
    const { evidence } = await query(document);
    expect(cache.tools.explain({ document }).storeRoundTrips).toBe(evidence.summary.storeRoundTrips);
  });

  it('it has the keys and tags that evidence names', async () => {
    const { cache, query } = farCache();
    const document = 'query ($id: ID!) { film(id: $id) { director { name } } }';
    const { evidence } = await query(document, {}, { id: '7' });
    const { fields } = cache.tools.explain({ document, variables: { id: '7' } });
    expect(fields).toEqual([
      {
        path: 'film',
        coordinate: 'Query.film',
        pattern: 'CACHE_ASIDE',
        ttl: 60,
        key: 'Film:7',
        tags: ['Films'],
      },
      {
        ...{ path: 'film.director', coordinate: 'Film.director', pattern: 'CACHE_ASIDE', ttl: 60 },
        ...{ key: 'Director:{parent.id}', tags: ['Director'] },
      },
    ]);
    expect(evidence.fields[0]?.key).toBe('Film:7');
  });

  it('it says why a field goes past the cache, and runs nothing', () => {
    const { cache } = farCache();
    const [mine] = cache.tools.explain({ document: '{ mine }', context: {} }).fields;
    expect(mine?.reason).toMatch(/viewer/);
    expect(cache.stats.counters()['Query.mine']?.loads).toBe(0);
  });

  it('it refuses an operation that cannot run', () => {
    const { cache } = farCache();
    for (const [document, sentence] of [
      ['{ film { id } }', /Field "film" argument "id"/],
      ['query A { plain } query B { plain }', /exactly one operation/],
    ] as const) {
      expect(() => cache.tools.explain({ document })).toThrow(sentence);
    }
    const document = 'query ($id: ID!) { film(id: $id) { id } }';
    expect(() => cache.tools.explain({ document })).toThrow(/Variable "\$id"/);
  });
});

describe('an operation on interfaces', () => {
  const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
  const nodes = `
    interface Node { id: ID n: Node of: Int }
    type Query { n: Node }
    ${names.map((name) => `type ${name} implements Node { id: ID n: Node of: Int @cached(ttl: 60) more: Int @cached(ttl: 60) }`).join('\n')}
  `;
  const nodeCache = () =>
    testCache({
      typeDefs: nodes,
      resolvers: Object.fromEntries(names.map((name) => [name, { of: () => 1, more: () => 1 }])),
    });
  const found = (document: string): string[] =>
    nodeCache()
      .cache.tools.explain({ document })
      .fields.map(({ path, coordinate }) => `${path} ${coordinate}`);

  it('is walked once, however deep it is', () => {
    const depth = 60;
    const document = `${'{ n '.repeat(depth)}{ of }${' }'.repeat(depth)}`;
    const path = `${'n.'.repeat(depth)}of`;
    expect(found(document)).toEqual(names.map((name) => `${path} ${name}.of`));
    expect(nodeCache().cache.tools.explain({ document: '{ n { n { id of } } }' }).fields).toHaveLength(8);
  });

  it('has what each type selects, also where one name stands for several fields', () => {
    expect(
      found(`{ n {
        ... on A { n { ...onC  x: of } }
        ... on B { n { ... on C { x: more } } }
        ... on C { x: more }
      } } fragment onC on C { of }`).sort(),
    ).toEqual([
      'n.n.of C.of',
      ...names.flatMap((name) => [...(name === 'C' ? ['n.n.x C.more'] : []), `n.n.x ${name}.of`]),
      'n.x C.more',
    ]);
  });

  it('is refused where fragments make it too large to walk', () => {
    const depth = 40;
    const fragments = Array.from(
      { length: depth },
      (_, at) => `fragment F${at} on Node { a: n { ...F${at + 1} } b: n { ...F${at + 1} } }`,
    );
    const document = `{ n { ...F0 } } ${fragments.join(' ')} fragment F${depth} on Node { id }`;
    expect(() => found(document)).toThrow(/more than 20000 fields; explain a part of it/);
  });
});
