import { post } from '../worlds/seeded-api.js';

/** One question whose answer has about a hundred films. */
export interface LargeQuestion {
  readonly query: string;
  readonly variables: object;
}

const LONGEST = 100;
const pageQuery =
  'query ($text: String, $first: Int!, $after: String) { searchMovies(text: $text, first: $first, after: $after) { edges { node { id } } } }';
const similarQuery = 'query ($id: ID!, $first: Int!) { movie(id: $id) { similar(first: $first) { id } } }';
/** They stand in most titles, so that there are long pages; each spelling is an entry of its own. */
const texts = ['e', 'E', 'a', 'A', 'i', 'I', 'o', 'O', 'n', 'N'];

/**
 * Questions with large answers, all different, as far as a client without an account can vary them: pages of all films after each
 * cursor that the API gave out, pages of films with a text, and films that are similar to these.
 */
export function* largeQuestions(
  cursors: readonly string[],
  films: { readonly from: number; readonly to: number },
): Generator<LargeQuestion> {
  const filmCount = films.to - films.from + 1;
  for (let nth = 0; ; nth += 1) {
    const after = cursors[nth % cursors.length];
    const round = Math.floor(nth / cursors.length);
    const text = texts[round % texts.length];
    yield { query: pageQuery, variables: { after, first: LONGEST - round } };
    yield { query: pageQuery, variables: { text, after, first: LONGEST - Math.floor(round / texts.length) } };
    const id = films.from + (nth % filmCount);
    yield { query: similarQuery, variables: { id, first: LONGEST - Math.floor(nth / filmCount) } };
  }
}

/** The cursor of every film, read page by page. */
export async function readCursors(url: string): Promise<string[]> {
  const query =
    'query ($after: String) { searchMovies(first: 100, after: $after) { edges { cursor } pageInfo { hasNextPage } } }';
  const cursors: string[] = [];
  for (;;) {
    const answer = await post({ url }, query, { variables: { after: cursors.at(-1) } });
    for (const [, cursor = ''] of answer.matchAll(/"cursor":"([^"]+)"/g)) cursors.push(cursor);
    if (!answer.includes('"hasNextPage":true')) return cursors;
  }
}
