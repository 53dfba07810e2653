import { mulberry32 } from '../../../bench/overhead/workloads.js';
import type { Api } from '../../../src/start/api.js';
import { post } from '../worlds/seeded-api.js';

const FILMS = 3200;
const WORDS = ['night', 'love', 'star', 'man', 'the', 'dead', 'day', 'city'];
const DECADES = [1970, 1980, 1990, 2000];

type Draw = () => number;

/** Few films are asked for often, most seldom. */
const popular = (draw: Draw): number => 1 + Math.floor(FILMS ** draw()) - 1 || 1;
const any = (draw: Draw): number => 1 + Math.floor(draw() * FILMS);
const oneOf = <T>(draw: Draw, list: readonly [T, ...T[]]): T =>
  list[Math.floor(draw() * list.length)] ?? list[0];

/** What a site about films asks for, and how often, in percent. */
const requests: readonly (readonly [weight: number, query: (draw: Draw) => string])[] = [
  [40, (draw) => `{ movie(id: ${popular(draw)}) { title director { name } ratingSummary { average } } }`],
  [10, (draw) => `{ movies(ids: [${Array.from({ length: 20 }, () => popular(draw)).join()}]) { title } }`],
  [15, (draw) => `{ searchMovies(text: "${oneOf(draw, ['a', ...WORDS])}") { edges { node { title } } } }`],
  [10, (draw) => `{ topCharts(decade: ${oneOf(draw, [1960, ...DECADES])}) { rank movie { title } } }`],
  [3, () => '{ grossByYear { year worldwideGross } }'],
  [14, (draw) => `{ movie(id: ${any(draw)}) { similar(first: 5) { title } } }`],
  [4, (draw) => `{ person(id: ${1 + Math.floor(draw() * 500)}) { name movies(first: 5) { title } } }`],
  [4, (draw) => `{ user(id: ${1 + Math.floor(draw() * 50)}) { displayName } }`],
];

function randomRequest(draw: Draw): string {
  let left = draw() * requests.reduce((sum, [weight]) => sum + weight, 0);
  const [, query] = requests.find(([weight]) => (left -= weight) < 0) ??
    requests[0] ?? [0, () => '{ me { id } }'];
  return query(draw);
}

export interface Mix {
  readonly requests: number;
  readonly atOnce: number;
  readonly seed?: number;
}

/** Sends the mix of requests to an API; resolves with the number of answers that have errors. */
export async function realisticMix(
  api: Pick<Api, 'url'>,
  { requests: count, atOnce, seed = 42 }: Mix,
): Promise<{ readonly errors: number }> {
  const draw = mulberry32(seed);
  let [sent, errors] = [0, 0];
  const client = async (): Promise<void> => {
    while (sent < count) {
      sent += 1;
      if ((await post(api, randomRequest(draw))).includes('"errors"')) errors += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  return { errors };
}
