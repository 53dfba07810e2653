/** What a client sends. */
export interface Ask {
  /** Reads of rows by their ids, of lists and reports, and writes. */
  readonly kind: 'row' | 'list' | 'write';
  readonly query: string;
  /** Set where later ones of the same name wait for this one, as a player waits for an answer before it sends the next position. */
  readonly inOrder?: string;
  /** The film whose rating is one more afterwards. */
  readonly rates?: number;
}

const FILM = 'id version title director { name } ratingSummary { average count }';
const WORDS = ['night', 'love', 'star', 'man', 'the', 'dead', 'day', 'city'];
const DECADES = [1960, 1970, 1980, 1990, 2000];

const row = (query: string): Ask => ({ kind: 'row', query });
const list = (query: string): Ask => ({ kind: 'list', query });

/** What the pages of a site about films ask for. */
export const reads = {
  film: (id: number) => row(`{ movie(id: ${id}) { ${FILM} } }`),
  films: (ids: readonly number[]) => row(`{ movies(ids: [${ids.join()}]) { id version title } }`),
  search: (draw: number) =>
    list(`{ searchMovies(text: "${at(WORDS, draw)}") { totalCount edges { node { id version title } } } }`),
  charts: (draw: number) =>
    list(`{ topCharts(decade: ${at(DECADES, draw)}) { rank ratingCount movie { id version title } } }`),
  report: () => list('{ grossByYear { year movieCount worldwideGross } }'),
  similar: (id: number) => list(`{ movie(id: ${id}) { id version similar(first: 5) { id version title } } }`),
  person: (draw: number) =>
    list(`{ person(id: ${1 + Math.floor(draw * 400)}) { name movies(first: 5) { id version title } } }`),
  position: (id: number) => row(`{ playback(movieId: ${id}) { movieId positionSeconds } }`),
  continued: () => list('{ continueWatching { movieId positionSeconds movie { id version title } } }'),
};

export const writes = {
  /** A heartbeat of a player. */
  position: (id: number, seconds: number, player: string): Ask => ({
    kind: 'write',
    query: `mutation { recordPlayback(movieId: ${id}, positionSeconds: ${seconds}) { movieId positionSeconds } }`,
    inOrder: player,
  }),
  rating: (id: number, stars: number): Ask => ({
    kind: 'write',
    query: `mutation { rateMovie(movieId: ${id}, stars: ${stars}) { stars } }`,
    rates: id,
  }),
  edit: (id: number, title: string): Ask => ({
    kind: 'write',
    query: `mutation { updateMovie(id: ${id}, input: { title: "${title}" }) { id version } }`,
  }),
};

function at<T>(all: readonly T[], draw: number): T {
  const chosen = all[Math.floor(draw * all.length)] ?? all[0];
  if (chosen === undefined) throw new Error('there is nothing to choose from');
  return chosen;
}
