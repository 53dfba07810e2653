type Variables = Readonly<Record<string, unknown>>;

/** What a client sends. */
export interface Ask {
  /** Reads of rows by their ids, of lists and reports, and writes. */
  readonly kind: 'row' | 'list' | 'write';
  readonly query: string;
  /** Where the document has several operations. */
  readonly operationName?: string;
  readonly variables: Variables;
  /** Set where later ones of the same name wait for this one, as a player waits for an answer before it sends the next position. */
  readonly inOrder?: string;
  /** The film whose rating is one more afterwards. */
  readonly rates?: number;
}

const FILM = 'id version title director { name } ratingSummary { average count }';
const WORDS = ['night', 'love', 'star', 'man', 'the', 'dead', 'day', 'city'];
const DECADES = [1960, 1970, 1980, 1990, 2000];

const row = (query: string, variables: Variables = {}): Ask => ({ kind: 'row', query, variables });
const list = (query: string, variables: Variables = {}): Ask => ({ kind: 'list', query, variables });
const write = (query: string, variables: Variables): Ask => ({ kind: 'write', query, variables });

/** What the pages of a site about films ask for: a few documents, with what differs as variables. */
export const reads = {
  film: (id: number) => row(`query ($id: ID!) { movie(id: $id) { ${FILM} } }`, { id }),
  films: (ids: readonly number[]) =>
    row('query ($ids: [ID!]!) { movies(ids: $ids) { id version title } }', { ids }),
  search: (draw: number) =>
    list(
      'query ($text: String!) { searchMovies(text: $text) { totalCount edges { node { id version title } } } }',
      { text: at(WORDS, draw) },
    ),
  charts: (draw: number) =>
    list(
      'query ($decade: Int!) { topCharts(decade: $decade) { rank ratingCount movie { id version title } } }',
      { decade: at(DECADES, draw) },
    ),
  report: () => list('{ grossByYear { year movieCount worldwideGross } }'),
  similar: (id: number) =>
    list('query ($id: ID!) { movie(id: $id) { id version similar(first: 5) { id version title } } }', { id }),
  person: (draw: number) =>
    list('query ($id: ID!) { person(id: $id) { name movies(first: 5) { id version title } } }', {
      id: 1 + Math.floor(draw * 400),
    }),
  position: (id: number) =>
    row('query ($id: ID!) { playback(movieId: $id) { movieId positionSeconds } }', { id }),
  continued: () => list('{ continueWatching { movieId positionSeconds movie { id version title } } }'),
};

export const writes = {
  /** A heartbeat of a player. */
  position: (id: number, seconds: number, player: string): Ask => ({
    ...write(
      'mutation ($id: ID!, $seconds: Int!) { recordPlayback(movieId: $id, positionSeconds: $seconds) { movieId positionSeconds } }',
      { id, seconds },
    ),
    inOrder: player,
  }),
  rating: (id: number, stars: number): Ask => ({
    ...write('mutation ($id: ID!, $stars: Int!) { rateMovie(movieId: $id, stars: $stars) { stars } }', {
      id,
      stars,
    }),
    rates: id,
  }),
  edit: (id: number, title: string): Ask =>
    write(
      'mutation ($id: ID!, $title: String!) { updateMovie(id: $id, input: { title: $title }) { id version } }',
      {
        id,
        title,
      },
    ),
};

function at<T>(all: readonly T[], draw: number): T {
  const chosen = all[Math.floor(draw * all.length)] ?? all[0];
  if (chosen === undefined) throw new Error('there is nothing to choose from');
  return chosen;
}
