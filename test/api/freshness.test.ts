import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flushed } from '../support/worlds/flushed.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';

/**
 * The promise, field by field: after each mutation, everything that can be read is what an API with an empty cache
 * reads from the same database. A mutation that forgets a tag shows here, whichever field it forgot.
 */

let api: TestApi;
let member: string;
let editor: string;
beforeAll(async () => {
  api = await testApi();
  member = await api.signIn('member@example.com');
  editor = await api.signIn('editor@example.com');
});
afterAll(() => api.close());

const film =
  'id title genre releaseYear worldwideGross version director { id name } ratingSummary { average count }';
/** Every field of the schema that is cached, in operations that stay within the limits. */
const reads = [
  `{ movies(ids: [1, 2, 3, 4, 5, 6, 7, 8]) { ${film} similar(first: 5) { id title version } } }`,
  `{ m1: movie(id: 1) { ${film} } m5: movie(id: 5) { ${film} } m7: movie(id: 7) { ${film} } m8: movie(id: 8) { ${film} } }`,
  `{ p1: person(id: 1) { name movies { id title version } } p2: person(id: 2) { name movies { id title } }
     p3: person(id: 3) { name movies { id title } } p4: person(id: 4) { name } }`,
  `{ searchMovies(text: "n", first: 20) { totalCount edges { node { id title version } } pageInfo { endCursor } } }`,
  `{ topCharts(first: 20) { rank score averageStars ratingCount movie { id title version } }
     drama: topCharts(genre: "Drama") { rank score movie { id } } nineties: topCharts(decade: 1990) { rank score movie { id } } }`,
  `{ grossByYear { year movieCount usGross worldwideGross } drama: grossByYear(genre: "Drama") { year movieCount } }`,
  `{ u1: user(id: 1) { displayName bio ratings { stars movieId movie { title } } }
     u4: user(id: 4) { displayName ratings { stars movieId movie { title } } } u5: user(id: 5) { displayName } }`,
  `{ me { id email displayName bio ratings { stars movie { title } } } }`,
  `{ a: playback(movieId: 1) { positionSeconds movie { title } } b: playback(movieId: 2) { positionSeconds movie { title } }
     continueWatching { movieId positionSeconds movie { title runningTimeMinutes } } }`,
];

async function readAll(from: TestApi): Promise<{ data: unknown[]; outcomes: string[] }> {
  const answers = [];
  for (const token of [member, undefined]) {
    for (const read of reads) {
      const { data, errors, extensions } = await from.ask(read, { token, headers: { 'x-cache-debug': '1' } });
      // Of nobody, some fields are refused; any other error would make two answers equal that say nothing.
      expect(errors.filter((error) => error.extensions['code'] !== 'UNAUTHENTICATED')).toEqual([]);
      answers.push({ data, extensions });
    }
  }
  return {
    data: answers.map(({ data }) => data),
    outcomes: answers.flatMap(({ extensions }) => outcomesOf(extensions)),
  };
}

function outcomesOf(extensions: unknown): string[] {
  return JSON.stringify(extensions).match(/(?<="outcome":")\w+/g) ?? [];
}

/** The same reads by an API that has never cached anything, on the same database. */
async function truth(): Promise<unknown[]> {
  const { database } = api;
  const uncached = await testApi({
    openDatabase: () => Promise.resolve({ ...database, close: () => Promise.resolve() }),
  });
  try {
    return (await readAll(uncached)).data;
  } finally {
    await uncached.close();
  }
}

const writes: [title: string, operation: string, by: 'member' | 'editor' | 'nobody'][] = [
  ['rateMovie, a first rating', 'rateMovie(movieId: 3, stars: 1) { stars }', 'member'],
  ['rateMovie, another rating', 'rateMovie(movieId: 1, stars: 2) { stars }', 'member'],
  ['recordPlayback, a film begun', 'recordPlayback(movieId: 1, positionSeconds: 60) { movieId }', 'member'],
  ['recordPlayback, further on', 'recordPlayback(movieId: 2, positionSeconds: 700) { movieId }', 'member'],
  ['recordPlayback, to the end', 'recordPlayback(movieId: 2, positionSeconds: 6000) { movieId }', 'member'],
  ['updateProfile', 'updateProfile(input: { displayName: "Mia", bio: "x" }) { id }', 'member'],
  ['updateMovie, its title', 'updateMovie(id: 1, input: { title: "A Longer Night" }) { id }', 'editor'],
  [
    'updateMovie, a new director',
    'updateMovie(id: 3, input: { directorName: "Cleo Gamma" }) { id }',
    'editor',
  ],
  [
    'updateMovie, genre and year',
    'updateMovie(id: 6, input: { genre: "Drama", releaseDate: "1995-01-01" }) { id }',
    'editor',
  ],
  ['updateMovie, running time', 'updateMovie(id: 2, input: { runningTimeMinutes: 200 }) { id }', 'editor'],
  ['updateMovie, no director', 'updateMovie(id: 2, input: { directorName: null }) { id }', 'editor'],
  [
    'createMovie, with a new director',
    'createMovie(input: { title: "Noon", genre: "Drama", releaseDate: "1994-01-01", worldwideGross: 5, directorName: "Dora Delta" }) { id }',
    'editor',
  ],
  ['rateMovie, the new film', 'rateMovie(movieId: 7, stars: 5) { stars }', 'member'],
  ['deleteMovie', 'deleteMovie(id: 1)', 'editor'],
  ['deleteMovie, the new film', 'deleteMovie(id: 7)', 'editor'],
  [
    'signUp',
    'signUp(email: "five@example.com", password: "12345678", displayName: "Five") { token }',
    'nobody',
  ],
];

describe('after a mutation, every field shows the database as it is', () => {
  it.each(writes)('%s', async (_title, operation, by) => {
    let before = await readAll(api);
    const warm = async (): Promise<Set<string>> => {
      before = await readAll(api);
      return new Set(before.outcomes);
    };
    // Else this would test a cache that caches nothing; BYPASS is what films without director and nobody's reads do. What
    // was flushed a moment ago is relayed a moment later.
    await expect.poll(warm, { timeout: 10_000 }).toEqual(new Set(['HIT', 'BYPASS']));
    const token = { member, editor, nobody: undefined }[by];
    const { errors } = await api.ask(`mutation { ${operation} }`, { token });
    expect(errors).toEqual([]);
    // Lists of what is written behind come from the database.
    await flushed(api.cache);
    const after = await readAll(api);
    expect(after.data).toEqual(await truth());
    expect(after.data).not.toEqual(before.data);
  });

  it('and before it is flushed, the field of its own shows what was accepted', async () => {
    const read = '{ playback(movieId: 3) { positionSeconds movie { title } } }';
    const note = 'mutation { recordPlayback(movieId: 3, positionSeconds: 42) { positionSeconds } }';
    expect((await api.ask(note, { token: member })).data).toEqual({
      recordPlayback: { positionSeconds: 42 },
    });
    const { data, extensions } = await api.ask(read, { token: member, headers: { 'x-cache-debug': '1' } });
    expect(data).toMatchObject({ playback: { positionSeconds: 42, movie: { title: 'A Night Train' } } });
    expect(JSON.stringify(extensions)).toContain('"outcome":"PENDING","tier":"journal"');
    await flushed(api.cache);
    expect((await api.ask(read, { token: member })).data).toEqual(data);
  });

  it('and the mutation itself answers with what it wrote', async () => {
    const read = `stars movie { title ratingSummary { average count } }`;
    await api.ask(`{ me { ratings { ${read} } } }`, { token: member });
    const { data } = await api.ask(`mutation { rateMovie(movieId: 5, stars: 4) { ${read} } }`, {
      token: member,
    });
    expect(data).toEqual({
      rateMovie: { stars: 4, movie: { title: 'Nightfall', ratingSummary: { average: 4, count: 1 } } },
    });
  });
});
