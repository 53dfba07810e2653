import { getIntrospectionQuery, parse } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits/limits.js';
import { comparisonsOf } from '../../src/limits/repeated-fields.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';
import { expectTime } from '../support/run/expect-time.js';

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
/** A short operation with a long remark. */
const longText = (characters: number): string => '{ movie(id: 1) { id } } # '.padEnd(characters, 'x');
const fragments = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ');
const similar = 'similar(first: 100) { similar(first: 100) { id } }';

const deep = 'The operation is nested deeper than 10 fields; ask in several operations.';
const aliased = 'The operation has more than 30 aliases; ask in several operations.';
const named = (letters: number): string =>
  `The name "aaaaaaaaaaaaaaaaaaaa…" has ${letters} letters, but at most 100 are allowed; choose a shorter one.`;
const long =
  'The operation has 65537 characters, but at most 65536 are allowed; send long texts as variables, or ask in several operations.';
const wordy = 'The operation has more than 2000 words and signs; ask in several operations.';
const repeated =
  'The operation repeats the same fields too often: more than 3000 pairs would have to be compared; name each field once.';
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
    [
      'with too many aliases of the name of a type',
      `{ movie(id: 1) { ${aliases(31).replaceAll(': id', ': __typename')} } }`,
      aliased,
    ],
    ['with a long alias', `{ movie(id: 1) { ${'a'.repeat(101)}: id } }`, named(101)],
    ['with a field of a long name', `{ movie(id: 1) { ${'a'.repeat(101)} } }`, named(101)],
    [
      'with a long alias in a fragment',
      `{ movie(id: 1) { ...A } } fragment A on Movie { ${'a'.repeat(60_000)}: id }`,
      named(60_000),
    ],
    ['with a long name of its own', `query ${'a'.repeat(101)} { movie(id: 1) { id } }`, named(101)],
    ['that is long, whatever it says', longText(65_537), long],
    ['with too many words', `{ movie(id: 1) { ${'id '.repeat(2000)} } }`, wordy],
    ['with the same field too often', `{ ${'movie(id: 1) { id } '.repeat(190)} }`, repeated],
    [
      'with the same fields too often within each other',
      `{ ${`movie(id: 1) { ${'director { id id id id } '.repeat(7)} } `.repeat(7)} }`,
      repeated,
    ],
    [
      'with the same fields in too many fragments',
      `{ movie(id: 1) { ${fragments(90, (index) => `...F${index}`)} } }
       ${fragments(90, (index) => `fragment F${index} on Movie { ... on Movie { id } }`)}`,
      repeated,
    ],
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
    expect([status, errors]).toEqual([
      413,
      [
        {
          message: 'The body of the request has more than 262144 bytes; ask in several operations.',
          extensions: { code: 'BAD_REQUEST' },
        },
      ],
    ]);
  });

  it('in a time that does not grow with the square of its length', async () => {
    const longest = `{ ${'movie(id: 1) { id } '.repeat(220)} }`;
    const document = parse(longest);
    const times = Array.from({ length: 20 }, () => {
      const since = performance.now();
      expect(comparisonsOf(document, limits.comparisons)).toBeUndefined();
      return performance.now() - since;
    });
    for (let index = 0; index < 5; index += 1) {
      const { errors } = await api.ask(`${longest} # ${index}`);
      expect(errors.map(({ message }) => message)).toEqual([repeated]);
    }
    expectTime(Math.min(...times)).toBeLessThan(2);
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
    ['an alias of 100 letters', `{ movie(id: 1) { ${'a'.repeat(100)}: id } }`],
    ['65,536 characters', longText(65_536)],
    [
      'the same fields in a fragment of each part of a page',
      `{ movie(id: 1) { ${fragments(25, (index) => `...F${index}`)} } }
       ${fragments(25, (index) => `fragment F${index} on Movie { __typename id title director { id name } }`)}`,
    ],
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
