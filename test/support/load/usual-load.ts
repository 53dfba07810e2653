import { requestsOf } from '../../../bench/eviction/traffic.js';
import { openLoop } from './open-loop.js';
import { percentile } from './percentile.js';
import { post } from '../worlds/seeded-api.js';

export interface UsualLoad {
  readonly perSecond: number;
  /** It asks for films up to this one. */
  readonly films: number;
  /** Of its client, as a proxy tells it. */
  readonly address: string;
  /** Called before each request with the milliseconds since the load began. */
  readonly goesOn: (atMs: number) => boolean;
}

/** How a process answered it. */
export interface UsualAnswers {
  readonly requests: number;
  /** The share of cached fields that the cache answered, in percent. */
  readonly hitRate: number;
  readonly errors: number;
  readonly p90Ms: number;
}

/** The evidence of each cached field in `extensions.cache`. */
const outcome = /"outcome":"(\w+)"/g;
const served = new Set(['HIT', 'STALE']);
const words = ['night', 'love', 'star', 'man', 'dead', 'day', 'city', 'house', 'last', 'world'];

/** Asks all of these processes for the same, at the same times: films by Zipf's law, and a few searches. */
export async function usualLoad(
  urls: readonly string[],
  { perSecond, films, address, goesOn }: UsualLoad,
): Promise<UsualAnswers[]> {
  const questions = usualQuestions(films);
  const headers = { 'x-cache-debug': '1', 'x-forwarded-for': address };
  const asked = await openLoop({
    perSecond,
    goesOn,
    ask: () => {
      const query = String(questions.next().value);
      return Promise.all(
        urls.map(async (url) => {
          const sinceMs = performance.now();
          // That the process is gone, the flood tells.
          const answer = await post({ url }, query, { headers }).catch(() => '"errors"');
          return { answer, ms: performance.now() - sinceMs };
        }),
      );
    },
  });
  return urls.map((_, place) => {
    const answers = asked.flatMap(({ answer }) => answer[place] ?? []);
    const outcomes = answers.flatMap(({ answer }) =>
      [...answer.matchAll(outcome)].map(([, word = '']) => word),
    );
    const hits = outcomes.filter((word) => served.has(word)).length;
    return {
      requests: answers.length,
      hitRate: (100 * hits) / outcomes.length,
      errors: answers.filter(({ answer }) => answer.includes('"errors"')).length,
      p90Ms: percentile(
        answers.map(({ ms }) => ms),
        0.9,
      ),
    };
  });
}

function* usualQuestions(films: number): Generator<string> {
  let nth = 0;
  for (const { key } of requestsOf({ name: 'films', exponent: 0.99 }, Infinity)) {
    if (key >= films) continue;
    nth += 1;
    if (nth % 10 === 0)
      yield `{ searchMovies(text: "${words[key % words.length] ?? ''}") { edges { node { title } } } }`;
    else yield `{ movie(id: ${key + 1}) { title director { name } ratingSummary { average } } }`;
  }
}
