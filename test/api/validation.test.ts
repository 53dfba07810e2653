import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestApi, testApi } from '../support/worlds/test-api.js';

let api: TestApi;
let editor: string;
beforeAll(async () => {
  api = await testApi();
  editor = await api.signIn('editor@example.com');
});
afterAll(() => api.close());

const long = (length: number): string => JSON.stringify('x'.repeat(length));
const ids = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, index) => index + 1));
const idFault = 'must be a whole number from 1 to 2147483647';
const badIds = ['0', '-1', '"01"', '"1.0"', '"x"', '""', '" 1"', '2147483648', '99999999999999999999'];
const firstFault = 'must be from 1 to 100';
const cursorFault = 'must be the cursor of an edge, as pageInfo.endCursor has it';
/** What an invented place looks like to clients who know how cursors are written. */
const forged = (place: string): string => JSON.stringify(Buffer.from(place).toString('base64url'));
const control = '"a\\u0000b"';

/** An operation whose argument is refused, the argument's name, and the end of the sentence. */
const refusals: [operation: string, argument: string, fault: string][] = [
  ...badIds.flatMap((id): [string, string, string][] => [
    [`{ movie(id: ${id}) { id } }`, 'id', idFault],
    [`{ person(id: ${id}) { id } }`, 'id', idFault],
    [`{ user(id: ${id}) { id } }`, 'id', idFault],
    [`{ playback(movieId: ${id}) { movieId } }`, 'movieId', idFault],
    [`mutation { rateMovie(movieId: ${id}, stars: 3) { stars } }`, 'movieId', idFault],
    [`mutation { recordPlayback(movieId: ${id}, positionSeconds: 3) { movieId } }`, 'movieId', idFault],
    [`mutation { updateMovie(id: ${id}, input: { title: "x" }) { id } }`, 'id', idFault],
    [`mutation { deleteMovie(id: ${id}) }`, 'id', idFault],
  ]),
  ['{ movies(ids: []) { id } }', 'ids', 'must have 1 to 100 ids'],
  [`{ movies(ids: ${ids(101)}) { id } }`, 'ids', 'must have 1 to 100 ids'],
  ['{ movies(ids: [1, 0]) { id } }', 'ids', `must have only ids, each of which ${idFault}`],
  ['{ searchMovies(text: "") { totalCount } }', 'text', 'must have 1 to 100 characters, and not only blanks'],
  [
    '{ searchMovies(text: "   ") { totalCount } }',
    'text',
    'must have 1 to 100 characters, and not only blanks',
  ],
  [
    `{ searchMovies(text: ${long(101)}) { totalCount } }`,
    'text',
    'must have 1 to 100 characters, and not only blanks',
  ],
  [`{ searchMovies(text: ${control}) { totalCount } }`, 'text', 'must not contain control characters'],
  [`{ searchMovies(genre: ${control}) { totalCount } }`, 'genre', 'must not contain control characters'],
  ...['0', '-1', '101', '2147483647'].flatMap((first): [string, string, string][] => [
    [`{ searchMovies(first: ${first}) { totalCount } }`, 'first', firstFault],
    [`{ topCharts(first: ${first}) { rank } }`, 'first', firstFault],
    [`{ continueWatching(first: ${first}) { movieId } }`, 'first', firstFault],
    [`{ movie(id: 1) { similar(first: ${first}) { id } } }`, 'first', firstFault],
    [`{ person(id: 1) { movies(first: ${first}) { id } } }`, 'first', firstFault],
    [`{ user(id: 1) { ratings(first: ${first}) { stars } } }`, 'first', firstFault],
  ]),
  ...[
    '""',
    '"x"',
    '"MS4x="',
    '"MDEuMQ"',
    forged('40000.1'),
    forged(`900.1.${'A'.repeat(16)}`),
    long(200),
  ].map((cursor): [string, string, string] => [
    `{ searchMovies(after: ${cursor}) { totalCount } }`,
    'after',
    cursorFault,
  ]),
  ...['1995', '1870', '2110', '-10', '0'].map((decade): [string, string, string] => [
    `{ topCharts(decade: ${decade}) { rank } }`,
    'decade',
    'must be the first year of a decade from 1880 to 2100, such as 1990',
  ]),
  ['{ grossByYear(genre: "") { year } }', 'genre', 'must have 1 to 100 characters, and not only blanks'],
  ['mutation { rateMovie(movieId: 1, stars: 0) { stars } }', 'stars', 'must be from 1 to 5'],
  ['mutation { rateMovie(movieId: 1, stars: 6) { stars } }', 'stars', 'must be from 1 to 5'],
  ...['-1', '86401'].map((position): [string, string, string] => [
    `mutation { recordPlayback(movieId: 1, positionSeconds: ${position}) { movieId } }`,
    'positionSeconds',
    'must be from 0 to 86400',
  ]),
  [
    'mutation { recordPlayback(movieId: 1, positionSeconds: 6001) { movieId } }',
    'positionSeconds',
    'must not be beyond the end of the film, which is at 6000',
  ],
  ...['""', '"x"', '"a@b"', '"@example.com"', '"a b@example.com"', long(400)].map(
    (email): [string, string, string] => [
      `mutation { signUp(email: ${email}, password: "12345678", displayName: "x") { token } }`,
      'email',
      'must be an e-mail address, such as mira@example.com',
    ],
  ),
  ...[long(7), long(201)].map((password): [string, string, string] => [
    `mutation { signUp(email: "new@example.com", password: ${password}, displayName: "x") { token } }`,
    'password',
    'must have 8 to 200 characters',
  ]),
  ...['""', '"  "', long(81)].map((name): [string, string, string] => [
    `mutation { signUp(email: "new@example.com", password: "12345678", displayName: ${name}) { token } }`,
    'displayName',
    'must have 1 to 80 characters, and not only blanks',
  ]),
  [
    `mutation { signIn(email: "a@example.com", password: ${long(201)}) { token } }`,
    'password',
    'must have 1 to 200 characters',
  ],
  [
    'mutation { signIn(email: "x", password: "x") { token } }',
    'email',
    'must be an e-mail address, such as mira@example.com',
  ],
  [
    'mutation { updateProfile(input: { displayName: "" }) { id } }',
    'input.displayName',
    'must have 1 to 80 characters, and not only blanks',
  ],
  [
    'mutation { updateProfile(input: { displayName: null }) { id } }',
    'input.displayName',
    'cannot be cleared; leave it out',
  ],
  [
    `mutation { updateProfile(input: { bio: ${long(1001)} }) { id } }`,
    'input.bio',
    'must have at most 1000 characters',
  ],
  [
    `mutation { updateProfile(input: { bio: ${control} }) { id } }`,
    'input.bio',
    'must not contain control characters',
  ],
  [
    'mutation { updateMovie(id: 1, input: { title: null }) { id } }',
    'input.title',
    'cannot be cleared; leave it out',
  ],
  ...(
    [
      ['title: ""', 'input.title', 'must have 1 to 200 characters, and not only blanks'],
      [`title: ${long(201)}`, 'input.title', 'must have 1 to 200 characters, and not only blanks'],
      ['title: "x", releaseDate: "1887-12-31"', 'input.releaseDate', 'must be a day from 1888 to 2100'],
      ['title: "x", releaseDate: "2101-01-01"', 'input.releaseDate', 'must be a day from 1888 to 2100'],
      ['title: "x", genre: ""', 'input.genre', 'must have 1 to 100 characters, and not only blanks'],
      [
        'title: "x", creativeType: ""',
        'input.creativeType',
        'must have 1 to 100 characters, and not only blanks',
      ],
      ['title: "x", source: ""', 'input.source', 'must have 1 to 100 characters, and not only blanks'],
      [
        'title: "x", mpaaRating: ""',
        'input.mpaaRating',
        'must have 1 to 100 characters, and not only blanks',
      ],
      [
        'title: "x", distributor: ""',
        'input.distributor',
        'must have 1 to 100 characters, and not only blanks',
      ],
      ['title: "x", runningTimeMinutes: 0', 'input.runningTimeMinutes', 'must be from 1 to 1440'],
      ['title: "x", usGross: -1', 'input.usGross', 'must be from 0 to 1000000000000'],
      ['title: "x", worldwideGross: -1', 'input.worldwideGross', 'must be from 0 to 1000000000000'],
      ['title: "x", productionBudget: -1', 'input.productionBudget', 'must be from 0 to 1000000000000'],
      ['title: "x", usGross: 1000000000001', 'input.usGross', 'must be from 0 to 1000000000000'],
      ['title: "x", imdbRating: 10.1', 'input.imdbRating', 'must be from 1 to 10'],
      ['title: "x", imdbRating: 7.55', 'input.imdbRating', 'must have at most one decimal'],
      ['title: "x", imdbVotes: -1', 'input.imdbVotes', 'must be from 0 to 2147483647'],
      ['title: "x", rottenTomatoesScore: 101', 'input.rottenTomatoesScore', 'must be from 0 to 100'],
      [
        'title: "x", directorName: " "',
        'input.directorName',
        'must have 1 to 200 characters, and not only blanks',
      ],
    ] as const
  ).flatMap(([input, argument, fault]): [string, string, string][] => [
    [`mutation { createMovie(input: { ${input} }) { id } }`, argument, fault],
    [`mutation { updateMovie(id: 1, input: { ${input} }) { id } }`, argument, fault],
  ]),
];

describe('arguments', () => {
  it.each(refusals)('%s is refused', async (operation, argument, fault) => {
    const { errors } = await api.ask(operation, { token: editor });
    expect(errors.map(({ message, extensions }) => ({ message, extensions }))).toEqual([
      {
        message: `The argument "${argument}" ${fault}.`,
        extensions: { code: 'BAD_USER_INPUT', argument },
      },
    ]);
  });

  it('are refused in the same way when they come as variables', async () => {
    const { errors, status } = await api.ask('query ($ids: [ID!]!) { movies(ids: $ids) { id } }', {
      variables: { ids: ['nonsense'] },
    });
    expect(errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'ids' });
    expect(status).toBe(200);
  });

  it('of the wrong GraphQL type are refused before anything runs', async () => {
    const { errors, status } = await api.ask('query ($first: Int!) { topCharts(first: $first) { rank } }', {
      variables: { first: 'many' },
    });
    expect(errors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    expect(status).toBe(400);
  });

  it('that are refused never name a cache entry', async () => {
    const { extensions } = await api.ask('{ movie(id: "0") { id } movies(ids: [0]) { id } }', {
      headers: { 'x-cache-debug': '1' },
    });
    expect(extensions).toMatchObject({ cache: { fields: [] } });
  });

  it('at their bounds are accepted', async () => {
    const operation = `{
      movie(id: 2147483647) { id } movies(ids: ${ids(100)}) { id }
      searchMovies(text: ${long(100)}, first: 100) { totalCount } topCharts(decade: 1880, first: 1) { rank }
    }`;
    expect((await api.ask(operation)).errors).toEqual([]);
  });
});
