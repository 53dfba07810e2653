import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The suites that watch the versions of rows. */
const racesAndFaults = [
  'test/faults/faults.test.ts',
  'test/races/soak.test.ts',
  'test/races/stale-set-redis.test.ts',
  'test/races/lost-wakeups.test.ts',
  'test/races/rejoin.test.ts',
  'test/races/one-load.test.ts',
  'test/cache/prober/prober-soak.test.ts',
];

/** What is tried, by its name, and the suites that try it. */
const attacks = {
  memory: [
    'floods of large answers and of keys that clients choose',
    'test/memory',
    'test/http/document-store.test.ts',
  ],
  regions: [
    'two regions on one database, far from each other and cut off',
    'test/cache/postgres/regions.test.ts',
    'test/cache/postgres/cut-off-regions.test.ts',
  ],
  'made-up-keys': ['sessions and ids that do not exist', 'test/api/made-up-keys.test.ts'],
  'sign-in': [
    'guessed passwords, and sign-ins whose clients leave',
    'test/api/sign-in-attacks.test.ts',
    'test/api/abandoned-sign-ins.test.ts',
  ],
  'dear-work': [
    'searches that cost much, repeated fields, slow bodies',
    'test/api/scans.test.ts',
    'test/api/dear-documents.test.ts',
    'test/limits',
    'test/api/limits.test.ts',
    'test/api/http-errors.test.ts',
  ],
  'hung-loads': ['loads that never end', 'test/cache/stampede/overdue-loads.test.ts'],
  'black-hole': ['connections in which nothing arrives any more', 'test/api/black-hole.test.ts'],
  lock: ['a table that is locked', 'test/api/locked-table.test.ts'],
  journal: [
    'a journal that is emptied, or that an older replica takes over',
    'test/cache/redis/journal/lagging-replica.test.ts',
    'test/cache/redis/journal/sentinel-journal.test.ts',
    'test/cache/redis/store/sentinel.test.ts',
    'test/cache/redis/journal/journal-of-another-run.test.ts',
    'test/cache/redis/journal/robbed-journal.test.ts',
  ],
  execution: [
    'ten thousand hostile queries by plans, and a hundred thousand documents',
    'test/cache/execution/differential.test.ts',
    'test/cache/execution/compiled-execution.test.ts',
  ],
  plans: ['races and faults where operations are executed by plans', ...racesAndFaults],
  memo: ['races and faults where whole answers are kept', ...racesAndFaults],
  front: ['races and faults where they are given in front of Apollo Server', ...racesAndFaults],
  'on-cluster': ['what runs on one Redis, on a Redis Cluster of three primaries and three replicas'],
  cluster: [
    'a Redis Cluster whose primaries are killed, replaced, put to sleep and moved',
    'test/cache/redis/cluster/failover.test.ts',
  ],
  simulation: [
    'a million operations in a thousand simulated processes, over servers that fail',
    'test/simulation/simulation.test.ts',
  ],
  leader: [
    'a leader of the outbox that is killed twenty times',
    'test/cache/postgres/log/log-processes.test.ts',
  ],
  compare: ['stale reads of a naive cache beside those of the patterns', 'test/bench/compare.test.ts'],
  idle: ['what processes send while nothing happens', 'test/faults/quiet-processes.test.ts'],
  package: [
    'the package, and the shop of docs/your-own-project.md, installed from npm',
    'test/package/package.test.ts',
    'test/package/own-project.test.ts',
  ],
  versions: ['other versions of Node, graphql and ioredis', 'test/package/versions.test.ts'],
  back: ['Redis that is killed and comes back while both cores are full', 'test/faults/back-in-time.test.ts'],
};

/** Attacks that run apart: what answers the rows of the tests, or which project of vitest they are. */
const apart = {
  plans: { variables: { ROWS_ANSWERED_BY: 'plans' } },
  memo: { variables: { ROWS_ANSWERED_BY: 'memo' } },
  front: { variables: { ROWS_ANSWERED_BY: 'front' } },
  'on-cluster': { variables: { CLUSTER_TESTS: 'long' }, project: 'cluster' },
};

const names = Object.keys(attacks);
const help = `Usage: npm run test:attacks [-- NAME ...]

Tries what clients and trouble can do to real processes, one after the other and at full length (about an hour);
"npm test" runs a short form of most. Needs redis-server and PostgreSQL.

${names.map((name) => `  ${name.padEnd(14)}${attacks[name][0]}`).join('\n')}`;

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const unknown = positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no attack named ${unknown.join(', ')}; there are ${names.join(', ')}.`);
    return 2;
  }
  const chosen = positionals.length === 0 ? names : positionals;
  const usual = chosen.filter((name) => apart[name] === undefined);
  const statuses = [
    ...(usual.length === 0 ? [] : [run(usual)]),
    ...chosen.filter((name) => apart[name] !== undefined).map((name) => run([name], apart[name])),
  ];
  return Math.max(...statuses);
}

/** Runs the suites of these attacks; the result is the exit code. */
function run(chosen, { variables = {}, project } = {}) {
  const files = chosen.flatMap((name) => attacks[name].slice(1));
  const projects = project === undefined ? [] : ['--project', project];
  const { status } = spawnSync(
    path.join(root, 'node_modules', '.bin', 'vitest'),
    ['run', '--no-file-parallelism', ...projects, ...files],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ATTACKS: 'long', ...variables } },
  );
  return status ?? 1;
}

process.exitCode = main();
