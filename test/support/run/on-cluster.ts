/** Test files that can run on a Redis Cluster in the place of one server: `TESTED_ON=cluster npx vitest run`. */
export const ON_CLUSTER: readonly string[] = [
  'test/races/soak.test.ts',
  'test/races/stale-set-redis.test.ts',
  'test/races/one-load.test.ts',
  'test/races/lost-wakeups.test.ts',
  'test/races/expiry.test.ts',
  'test/races/prefetch.test.ts',
  'test/races/flushed-store.test.ts',
  'test/races/rejoin.test.ts',
  'test/faults/faults.test.ts',
  'test/faults/api-processes.test.ts',
  'test/faults/relay-trouble.test.ts',
  'test/properties/generated-schemas.test.ts',
  'test/api/written-behind.test.ts',
  'test/api/written-behind-sooner.test.ts',
  'test/api/written-through.test.ts',
  'test/api/writes-by-anybody.test.ts',
  'test/api/shadow-soak.test.ts',
  'test/api/made-up-keys.test.ts',
  'test/api/two-processes.test.ts',
  'test/servers/answer-hints.test.ts',
  'test/servers/answer-hints-of-writes.test.ts',
  'test/frameworks/federation.test.ts',
  'test/cache/prober/prober-soak.test.ts',
  'test/cache/patterns/own-values.test.ts',
  'test/cache/patterns/shared-values.test.ts',
  'test/cache/http/refresh.test.ts',
  'test/cache/report/two-processes.test.ts',
  'test/cache/dashboard/two-processes.test.ts',
  'test/cache/postgres/log/log-processes.test.ts',
];

/** Of these, the tests that every run has on a cluster as well, by a part of their titles. */
export const ALWAYS_ON_CLUSTER: ReadonlyMap<string, readonly string[]> = new Map([
  ['test/races/soak.test.ts', ['never shows a reader less than was acknowledged']],
  ['test/races/stale-set-redis.test.ts', ['is never followed by the old value']],
  ['test/api/shadow-soak.test.ts', ['finds nothing']],
]);

const LOG =
  'strict copies and answers of whole operations need a log of invalidations, and a cluster has none';
const KILLED =
  'it kills or restarts the only server; nodes are killed in test/cache/redis/cluster/ and test/cache/redis/journal/cluster-kills.test.ts';
const CUT_OFF =
  'it cuts off the way to the only server; ways to nodes are cut off in test/cache/redis/cluster/outages.test.ts';
const HEARD = 'it listens to what one server is told, or looks into one';
const WITHOUT = 'it asks no Redis';
const NAMED = 'it names what is said of one server';

interface LeftOut {
  readonly file: string;
  /** A part of the titles of its tests; all of the file where it is missing. */
  readonly tests?: readonly string[];
  readonly why: string;
}

/** What cannot run on a cluster. */
export const LEFT_OUT: readonly LeftOut[] = [
  {
    file: 'test/races/soak.test.ts',
    tests: [
      'and copies are strict',
      'and whole answers are kept',
      'and they are given in front',
      'nor does it from ',
      'did not hear of invalidations',
    ],
    why: LOG,
  },
  {
    file: 'test/faults/faults.test.ts',
    tests: ['strict copies, while the log', 'the log tells nothing'],
    why: LOG,
  },
  { file: 'test/properties/generated-schemas.test.ts', tests: ['strictCopies: true'], why: LOG },
  { file: 'test/properties/generated-schemas.test.ts', tests: ['with the cache in memory'], why: WITHOUT },
  { file: 'test/races/expiry.test.ts', tests: ['10,000 entries that are warmed together'], why: WITHOUT },
  { file: 'test/cache/prober/prober-soak.test.ts', tests: ['among rapid writes, in memory'], why: WITHOUT },
  {
    file: 'test/api/written-behind.test.ts',
    tests: ['are ordered with what is written by hand'],
    why: WITHOUT,
  },
  { file: 'test/api/shadow-soak.test.ts', tests: [' of strict copies'], why: LOG },
  { file: 'test/cache/prober/prober-soak.test.ts', tests: ['nor does it from strict copies'], why: LOG },
  { file: 'test/cache/patterns/own-values.test.ts', tests: ['strict copies'], why: LOG },
  { file: 'test/cache/patterns/shared-values.test.ts', tests: ['strict copies'], why: LOG },
  { file: 'test/cache/http/refresh.test.ts', tests: ['strict copies'], why: LOG },
  { file: 'test/cache/memo/memo-over-redis.test.ts', why: LOG },
  { file: 'test/cache/memo/in-front-trouble.test.ts', why: LOG },
  { file: 'test/cache/memo/one-context.test.ts', why: LOG },
  { file: 'test/cache/patterns/write-behind-copies.test.ts', why: LOG },
  {
    file: 'test/api/written-behind.test.ts',
    tests: ['kills of Redis', 'do not survive the death of both'],
    why: KILLED,
  },
  { file: 'test/api/written-behind.test.ts', tests: ['are refused where the Redis may evict'], why: NAMED },
  { file: 'test/races/outage.test.ts', why: KILLED },
  { file: 'test/races/outage-cycles.test.ts', why: KILLED },
  { file: 'test/races/rejoin.test.ts', tests: ['restarted from a snapshot'], why: KILLED },
  {
    file: 'test/races/rejoin.test.ts',
    tests: ['a process that reaches Redis again'],
    why: 'nodes are lost and come back one by one: test/cache/redis/cluster/outages.test.ts',
  },
  { file: 'test/faults/back-in-time.test.ts', why: KILLED },
  { file: 'test/api/redis-away.test.ts', why: KILLED },
  { file: 'test/cache/journal/journal-losses-soak.test.ts', why: KILLED },
  { file: 'test/accounts/attempts.test.ts', why: KILLED },
  { file: 'test/faults/api-processes.test.ts', tests: ['Redis is killed and comes back empty'], why: KILLED },
  { file: 'test/api/black-hole.test.ts', why: CUT_OFF },
  { file: 'test/e2e/stop.test.ts', why: CUT_OFF },
  { file: 'test/faults/quiet-processes.test.ts', why: HEARD },
  { file: 'test/cache/postgres/log/idle-processes.test.ts', why: HEARD },
  { file: 'test/simulation/simulated-scripts.test.ts', why: HEARD },
  { file: 'test/cache/store/poisoned-entries.test.ts', why: HEARD },
  { file: 'test/cache/command/in-redis.test.ts', why: HEARD },
  { file: 'test/memory/memory.test.ts', why: HEARD },
  { file: 'test/memory/flood-over-http.test.ts', why: HEARD },
  { file: 'test/api/sign-in-attacks.test.ts', why: HEARD },
  { file: 'test/api/redis-evidence.test.ts', why: HEARD },
  { file: 'test/cache/report/warnings.test.ts', why: NAMED },
  { file: 'test/cache/command/docs-page.test.ts', why: NAMED },
  { file: 'test/e2e/start.test.ts', why: NAMED },
  { file: 'test/servers/yoga-subscriptions.test.ts', why: LOG },
];

/** Why a test does not run on a cluster, where it does not. `isShort`: beside all others, in every run. */
export function whyLeftOut(file: string, title: string, isShort: boolean): string | undefined {
  const isNamed = (parts: readonly string[] | undefined): boolean =>
    parts === undefined || parts.some((part) => title.includes(part));
  const leftOut = LEFT_OUT.find((one) => one.file === file && isNamed(one.tests));
  if (leftOut !== undefined) return leftOut.why;
  return isShort && !isNamed(ALWAYS_ON_CLUSTER.get(file))
    ? 'it runs on a cluster in the long form'
    : undefined;
}
