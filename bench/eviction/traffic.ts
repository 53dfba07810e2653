/** One request: which key, and whether it counts as normal load. */
export interface Request {
  readonly key: number;
  readonly isNormal: boolean;
}

export interface Traffic {
  readonly name: string;
  /** How unequal popularity is: the exponent of Zipf's law. */
  readonly exponent: number;
  /** Keys that are asked for once, or `times` times in a row, after each normal request. */
  readonly flood?: { readonly keys: number; readonly times: number };
  /** A scan of so many keys that are never asked for again, after each `every` normal requests. */
  readonly scan?: { readonly keys: number; readonly every: number };
  /** After so many normal requests, other keys are popular. */
  readonly shiftsEvery?: number;
}

export const traffics: readonly Traffic[] = [
  { name: 'Zipf 0.8', exponent: 0.8 },
  { name: 'Zipf 0.99', exponent: 0.99 },
  {
    name: 'Zipf 0.99, a scan of 10 times the cache every 20,000',
    exponent: 0.99,
    scan: { keys: 10_000, every: 20_000 },
  },
  { name: 'Zipf 0.99, a stranger after each request', exponent: 0.99, flood: { keys: 1, times: 1 } },
  { name: 'Zipf 0.99, five strangers after each request', exponent: 0.99, flood: { keys: 5, times: 1 } },
  { name: 'Zipf 0.99, a stranger twice after each request', exponent: 0.99, flood: { keys: 1, times: 2 } },
  { name: 'Zipf 0.99, other keys are popular every 15,000', exponent: 0.99, shiftsEvery: 15_000 },
];

const POPULATION = 20_000;
const SHIFT = 2000;

/** The same requests each time. */
export function* requestsOf(traffic: Traffic, normal: number): Generator<Request> {
  const draw = zipf(traffic.exponent);
  let stranger = POPULATION;
  for (let at = 0; at < normal; at += 1) {
    const shift = traffic.shiftsEvery === undefined ? 0 : Math.floor(at / traffic.shiftsEvery) * SHIFT;
    yield { key: (draw() + shift) % POPULATION, isNormal: true };
    for (let count = traffic.flood?.keys ?? 0; count > 0; count -= 1) {
      stranger += 1;
      for (let times = traffic.flood?.times ?? 0; times > 0; times -= 1)
        yield { key: stranger, isNormal: false };
    }
    if (traffic.scan === undefined || at % traffic.scan.every !== traffic.scan.every - 1) continue;
    for (let count = traffic.scan.keys; count > 0; count -= 1)
      yield { key: (stranger += 1), isNormal: false };
  }
}

function zipf(exponent: number): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= POPULATION; rank += 1) sums.push((sum += rank ** -exponent));
  let seed = 7;
  return () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    const drawn = (seed / 2 ** 32) * sum;
    let [low, high] = [0, POPULATION - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
