/** One acknowledged write: from then on no read may show less. */
interface Told {
  readonly version: number;
  readonly atMs: number;
}

/** A read that showed less than a write that was acknowledged before it was sent. */
export interface Stale {
  readonly key: string;
  /** How long that write had been acknowledged when the read was sent. */
  readonly ageMs: number;
}

/** What clients were told, and what they saw. */
export interface Truth {
  acknowledge(key: string, version: number, atMs: number): void;
  /** One more than was acknowledged before, for what is counted. */
  acknowledgeOneMore(key: string, atMs: number): void;
  /** The greatest age of what an answer shows too little of; undefined where it shows all. */
  judge(seen: readonly Seen[], sentAtMs: number): Stale | undefined;
  /** The newest acknowledged version of each key. */
  newest(): ReadonlyMap<string, number>;
}

/** A version that an answer shows. */
export interface Seen {
  readonly key: string;
  readonly version: number;
}

export function createTruth(): Truth {
  const told = new Map<string, Told[]>();
  const acknowledge = (key: string, version: number, atMs: number): void => {
    const all = told.get(key) ?? [];
    told.set(key, [...all, { version, atMs }]);
  };
  const newestOf = (key: string): number =>
    (told.get(key) ?? []).reduce((most, { version }) => Math.max(most, version), 0);
  return {
    acknowledge,
    acknowledgeOneMore: (key, atMs) => acknowledge(key, newestOf(key) + 1, atMs),
    judge(seen, sentAtMs) {
      const stale = seen.flatMap(({ key, version }) => {
        const missed = (told.get(key) ?? []).filter((one) => one.version > version && one.atMs < sentAtMs);
        const ages = missed.map(({ atMs }) => sentAtMs - atMs);
        return ages.length === 0 ? [] : [{ key, ageMs: Math.max(...ages) }];
      });
      return stale.sort((a, b) => b.ageMs - a.ageMs)[0];
    },
    newest: () => new Map([...told.keys()].map((key) => [key, newestOf(key)])),
  };
}

export const filmKey = (id: unknown): string => `film ${String(id)}`;
export const ratingKey = (id: unknown): string => `ratings of ${String(id)}`;
export const isPosition = ({ key }: Seen): boolean => key.startsWith('position of ');
export const positionKey = (viewer: number | undefined, id: unknown): string =>
  `position of ${viewer} in ${String(id)}`;

/** All versions in an answer, wherever they are in it. */
export function versionsIn(answer: unknown, viewer: number | undefined): readonly Seen[] {
  if (Array.isArray(answer)) return answer.flatMap((one) => versionsIn(one, viewer));
  if (typeof answer !== 'object' || answer === null) return [];
  const seen: Seen[] = Object.values(answer).flatMap((one) => versionsIn(one, viewer));
  const has = (name: string): unknown => Reflect.get(answer, name);
  const add = (key: string, version: unknown): void => {
    if (typeof version === 'number') seen.push({ key, version });
  };
  add(filmKey(has('id')), has('version'));
  add(positionKey(viewer, has('movieId')), has('positionSeconds'));
  add(ratingKey(has('id')), fieldOf(has('ratingSummary'), 'count'));
  add(ratingKey(fieldOf(has('movie'), 'id')), has('ratingCount'));
  return seen;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
