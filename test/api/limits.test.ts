import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApi, testApi } from '../support/test-api.js';

let api: TestApi;
beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api.close());

/** `movie` within `similar` within `similar`…: as many fields deep as asked for. */
function nested(depth: number): string {
  const inside = depth - 2;
  return `{ movie(id: 1) { ${'similar(first: 1) { '.repeat(inside)} id ${'}'.repeat(inside)} } }`;
}

/** The same, each level in a fragment of its own. */
function nestedInFragments(depth: number): string {
  const levels = Array.from({ length: depth - 2 }, (_, level) => level);
  const fragments = levels.map(
    (level) => `fragment F${level} on Movie { similar(first: 1) { ...F${level + 1} } }`,
  );
  return `{ movie(id: 1) { ...F0 } } ${fragments.join(' ')} fragment F${levels.length} on Movie { id }`;
}

const aliases = (count: number): string =>
  Array.from({ length: count }, (_, index) => `a${index}: id`).join(' ');
const ids = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, index) => index + 1));
/** Each fragment is spread twice, so that few words stand for 2^levels fields. */
function doubled(levels: number): string {
  const fragments = Array.from(
    { length: levels },
    (_, level) => `fragment F${level} on Movie { ...F${level + 1} ... on Movie { ...F${level + 1} } }`,
  );
  return `{ movie(id: 1) { ...F0 } } ${fragments.join(' ')} fragment F${levels} on Movie { id }`;
}
const similar = 'similar(first: 100) { similar(first: 100) { id } }';

const deep = 'The operation is nested deeper than 10 fields; ask in several operations.';
const aliased = 'The operation has more than 30 aliases; ask in several operations.';
const wordy = 'The operation has too many words; ask in several operations.';
const uncounted = 'The operation has too many fields; ask in several operations.';
const costly = expect.stringMatching(/^The operation would cost \d+, but at most 2000 are allowed; /);

describe('an operation beyond a limit is refused before anything of it runs', () => {
  it.each<[title: string, query: string, message: unknown, variables?: Record<string, unknown>]>([
    ['too deep', nested(11), deep],
    ['too deep in fragments', nestedInFragments(11), deep],
    ['too deep in inline fragments', nested(11).replace(' id ', ' ... on Movie { id } '), deep],
    ['with too many aliases', `{ movie(id: 1) { ${aliases(31)} } }`, aliased],
    [
      'with too many aliases in a fragment',
      `{ movie(id: 1) { ...A } } fragment A on Movie { ${aliases(31)} }`,
      aliased,
    ],
    ['with too many words', `{ movie(id: 1) { ${'id '.repeat(2000)} } }`, wordy],
    ['with long lists in long lists', `{ movie(id: 1) { ${similar} } }`, costly],
    ['with long lists in a fragment', `{ movie(id: 1) { ...A } } fragment A on Movie { ${similar} }`, costly],
    [
      'with long lists by default values',
      `query ($n: Int! = 100) { movie(id: 1) { similar(first: $n) { similar(first: $n) { id } } } }`,
      costly,
    ],
    [
      'with long lists by variables',
      'query ($n: Int!) { movie(id: 1) { similar(first: $n) { similar(first: $n) { id } } } }',
      costly,
      { n: 100 },
    ],
    [
      'with many films and costly fields of each',
      `{ movies(ids: ${ids(100)}) { similar(first: 20) { id } } }`,
      costly,
    ],
    [
      'with many films by a variable',
      'query ($ids: [ID!]!) { movies(ids: $ids) { similar(first: 20) { id } } }',
      costly,
      { ids: Array.from({ length: 100 }, (_, index) => index + 1) },
    ],
    ['with more fields than can be counted', doubled(15), uncounted],
    [
      'with two passwords to try',
      'mutation { a: signIn(email: "a@example.com", password: "a") { token } b: signIn(email: "a@example.com", password: "b") { token } }',
      costly,
    ],
    [
      'with costly fields that are included by a variable',
      `query ($all: Boolean!) { movie(id: 1) { id ${similar.replace(' {', ' @include(if: $all) {')} } }`,
      costly,
      { all: true },
    ],
  ])('%s', async (_title, query, message, variables = {}) => {
    const before = api.database.statements();
    const { status, data, errors } = await api.ask(query, { variables });
    expect({
      status,
      data,
      errors: errors.map(({ message: text, extensions }) => ({ text, extensions })),
    }).toEqual({
      status: 400,
      data: undefined,
      errors: [{ text: message, extensions: { code: 'OPERATION_LIMIT_EXCEEDED' } }],
    });
    expect(api.database.statements()).toBe(before);
  });

  it('by its cost only, whatever the same document cost before', async () => {
    const query = 'query ($n: Int!) { movie(id: 1) { similar(first: $n) { similar(first: $n) { id } } } }';
    const codes = [];
    for (const n of [2, 100, 2, 100]) {
      const { errors } = await api.ask(query, { variables: { n } });
      codes.push(errors[0]?.extensions['code']);
    }
    expect(codes).toEqual([undefined, 'OPERATION_LIMIT_EXCEEDED', undefined, 'OPERATION_LIMIT_EXCEEDED']);
  });

  it('with a body that is too large', async () => {
    const { status, errors } = await api.ask('{ movie(id: 1) { id } }', {
      variables: { x: 'x'.repeat(300_000) },
    });
    expect([status, errors[0]?.extensions['code']]).toEqual([413, 'BAD_REQUEST']);
  });
});

describe('what people ask for is within the limits', () => {
  it.each([
    ['one film', '{ movie(id: 1) { title director { name } ratingSummary { average count } } }'],
    [
      'a list of 50 films',
      `{ movies(ids: ${ids(50)}) { title director { name } ratingSummary { average count } similar(first: 5) { title } } }`,
    ],
    ['100 films', `{ movies(ids: ${ids(100)}) { title director { name } ratingSummary { average count } } }`],
    [
      'a full page',
      '{ searchMovies(first: 100) { edges { node { title director { name } ratingSummary { count } } } } }',
    ],
    ['everything deep', nested(10)],
    ['everything deep in fragments', nestedInFragments(10)],
    ['as many aliases as may be', `{ movie(id: 1) { ${aliases(30)} } }`],
    ['the schema', getIntrospectionQuery()],
    [
      'costly fields that are left out',
      `query ($all: Boolean! = false) { movie(id: 1) { id ${similar.replace(' {', ' @include(if: $all) {')} } }`,
    ],
  ])('%s', async (_title, query) => {
    const { errors, status } = await api.ask(query);
    expect(errors).toEqual([]);
    expect(status).toBe(200);
  });
});
