import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { defineConfig } from 'vitest/config';
import { writeDashboardModule } from './scripts/dashboard-page.mjs';
import { writeLuaModules } from './scripts/lua-modules.mjs';
import { filesThatShare } from './test/support/run/files-that-share.js';
import { ALWAYS_ON_CLUSTER, ON_CLUSTER } from './test/support/run/on-cluster.js';
import { MISSED_TIME } from './test/support/run/missed-time.js';
import { SlowestFirst } from './test/support/run/slowest-first.js';

const require = createRequire(import.meta.url);

// So that a script or a page that was just edited is the one that is tested.
writeLuaModules(import.meta.dirname);
writeDashboardModule(import.meta.dirname);

/** They compare times that differ by milliseconds, or compute while they do, so nothing runs beside them. */
const alone = [
  'test/races/outage.test.ts',
  'test/races/flushed-store.test.ts',
  'test/api/locked-table.test.ts',
  'test/api/writes-by-anybody.test.ts',
];
/** They judge times by tenths of seconds and mostly wait: two of them run beside each other, once the crowd and the checks have gone. */
const timed = [
  'test/faults/faults.test.ts',
  'test/cache/postgres/log/log-processes.test.ts',
  'test/cache/postgres/regions.test.ts',
  'test/servers/shared-cache.test.ts',
  'test/api/database-away.test.ts',
  'test/cache/outbox/slow-database.test.ts',
  'test/cache/redis/cluster/failover.test.ts',
  'test/cache/redis/cluster/outages.test.ts',
  'test/cache/redis/cluster/cluster-store.test.ts',
  'test/cache/redis/store/redis-refused.test.ts',
  'test/accounts/attempts.test.ts',
  'test/races/one-load.test.ts',
  'test/races/outage-cycles.test.ts',
  'test/races/prefetch.test.ts',
  'test/races/rejoin.test.ts',
  'test/races/expiry.test.ts',
  'test/races/lost-wakeups.test.ts',
  'test/api/abandoned-sign-ins.test.ts',
  'test/api/redis-away.test.ts',
  'test/api/written-behind-sooner.test.ts',
  'test/api/black-hole.test.ts',
  'test/database/silent-connections.test.ts',
  'test/cache/redis/connection/lost-answers.test.ts',
  'test/cache/postgres/large-statement.test.ts',
  'test/cache/postgres/long-transaction.test.ts',
  'test/cache/postgres/short-locks.test.ts',
  'test/cache/postgres/watching.test.ts',
  'test/cache/journal/journal-losses-soak.test.ts',
];
/** They have no short form, as they take the machine for minutes, or download much. */
const isLong = process.env['ATTACKS'] === 'long';
const longOnly = isLong
  ? []
  : [
      'test/faults/back-in-time.test.ts',
      'test/memory/flood-over-http.test.ts',
      'test/api/dear-documents.test.ts',
      'test/package/versions.test.ts',
    ];
/** One more than the two cores of the smallest machine: some of the time, a test waits for something. */
const CROWD = 3;
/** They run in one process after the other, which loads the modules once. */
const sharing = filesThatShare().filter((file) => !timed.includes(file));

/** What runs on a Redis Cluster as well: with CLUSTER_TESTS=long all that can. */
const isLongOnCluster = process.env['CLUSTER_TESTS'] === 'long';
const onCluster = isLongOnCluster ? ON_CLUSTER : isLong ? [] : [...ALWAYS_ON_CLUSTER.keys()];

export default defineConfig({
  // One GraphQL module for all: Node loads its CommonJS build for packages, so the tests take that one too.
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: require.resolve('graphql') },
      // What examples import is the engine as it stands here.
      {
        find: /^graphql-corral(\/\w+)?$/,
        replacement: path.join(import.meta.dirname, 'src', 'cache') + '$1/index.ts',
      },
    ],
  },
  test: {
    // A busy machine takes several times as long as a quiet one.
    testTimeout: 90_000,
    hookTimeout: 180_000,
    // What must come within a time says so by `expectTime`; what must only come is waited for.
    expect: { poll: { timeout: 15_000 } },
    // Other work of a shared machine takes time; what is wrong is not tried again.
    retry: { count: 2, condition: new RegExp(`^${MISSED_TIME}`) },
    // A failure is told in its message alone at the end of a run, so the values that differ are in it.
    chaiConfig: { truncateThreshold: 1500 },
    globalSetup: 'test/support/run/run-folder.ts',
    sequence: { sequencer: SlowestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...alone, ...timed, ...longOnly, ...sharing],
          maxWorkers: CROWD,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'rooms',
          include: sharing,
          exclude: longOnly,
          isolate: false,
          maxWorkers: CROWD,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'timed',
          include: timed,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: [...onCluster],
          env: { TESTED_ON: 'cluster' },
          setupFiles: ['test/support/run/leave-out-on-cluster.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
