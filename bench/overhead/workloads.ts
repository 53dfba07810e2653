/** What is asked: one film or a list of 50, always the same or as popularity has it; one film in several shapes. */
export const workloadNames = ['one', 'one-zipf', 'list', 'list-zipf', 'one-shapes'] as const;

export type WorkloadName = (typeof workloadNames)[number];

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  /** Bodies of POST requests, sent in turn. */
  readonly bodies: readonly string[];
}

const LIST_LENGTH = 50;
/** The first film whose director is known: without one, the second level of the query would not be measured. */
const ONE_FILM = 7;
const ONE = 'query ($id: ID!) { movie(id: $id) { id title director { name } } }';
/** Most ask for what a list shows, some for more or less of a film. */
const SHAPES = [
  ONE,
  'query Title($id: ID!) { movie(id: $id) { id title } }',
  'query Page($id: ID!) { movie(id: $id) { __typename id title director { __typename id name } } }',
  'query Card($id: ID!) { movie(id: $id) { ...card } } fragment card on Movie { title director { ...by } } fragment by on Person { name }',
];
const MANY = 'query ($ids: [ID!]!) { movies(ids: $ids) { id title director { name } } }';

/** The workloads over films 1 to `count`. The same each time: the generator has a seed. */
export function createWorkloads(count: number): readonly Workload[] {
  const draw = zipf(count, 20_261_123);
  const fixed = Array.from({ length: LIST_LENGTH }, (_, index) => String(index * 7 + 1));
  const list = (): string[] => {
    const ids = new Set<string>();
    while (ids.size < LIST_LENGTH) ids.add(draw());
    return [...ids];
  };
  const literal = (text: string): string => JSON.stringify({ query: text });
  return [
    {
      name: 'one',
      title: 'one film, the same',
      bodies: [literal(`{ movie(id: ${ONE_FILM}) { id title director { name } } }`)],
    },
    {
      name: 'one-zipf',
      title: 'one film, zipf',
      bodies: Array.from({ length: 5000 }, () => JSON.stringify({ query: ONE, variables: { id: draw() } })),
    },
    {
      name: 'list',
      title: 'list of 50, the same',
      bodies: [literal(`{ movies(ids: [${fixed.join(', ')}]) { id title director { name } } }`)],
    },
    {
      name: 'list-zipf',
      title: 'list of 50, zipf',
      bodies: Array.from({ length: 400 }, () => JSON.stringify({ query: MANY, variables: { ids: list() } })),
    },
    {
      name: 'one-shapes',
      title: 'one film, zipf, four shapes',
      bodies: Array.from({ length: 5000 }, (_, index) =>
        JSON.stringify({ query: SHAPES[index % SHAPES.length], variables: { id: draw() } }),
      ),
    },
  ];
}

/** Draws ids 1 to `count` as Zipf's law with exponent 1 has it: the n-th with a probability of 1/n. */
export function zipf(count: number, seed: number): () => string {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank += 1) sums.push((sum += 1 / rank));
  const random = mulberry32(seed);
  return () => {
    const point = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < point) low = middle + 1;
      else high = middle;
    }
    return String(low + 1);
  };
}

/** Numbers from 0 on below 1, the same for the same seed: a small generator (Tommy Ettinger, 2017, public domain). */
export function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
