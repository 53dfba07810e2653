import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const help = `Usage: npm run test:faults [-- options] [F1 F2 ... processes]

Injects faults between processes, Redis and PostgreSQL while rows are read and written, and prints for each what was
read, how much of it was stale, and whether its mutant (a planted mistake) was noticed. Needs redis-server and PostgreSQL.
The faults are in test/faults/faults.ts; those with a suite of their own run after them. "processes" names those of three
processes of the API: they are killed, paused and cut off, and so is Redis (test/faults/api-faults.ts).

Options
  --long      a minute for each fault, 20 outages of three seconds, 40,000 reads for each soak (about half an hour)
  --mutants   plants the mutants only: each must be noticed
  --help      shows this`;

/** Faults that have a suite of their own, mutants included. */
const suites = {
  F4: 'test/cache/loads/guard/fresh-loaders.test.ts',
  F6: 'test/api/writes-by-anybody.test.ts',
  F8: 'test/races/rejoin.test.ts',
  F10: 'test/races/one-load.test.ts',
  F11: 'test/races/one-load.test.ts',
  F12: 'test/races/lost-wakeups.test.ts',
  F13: 'test/races/expiry.test.ts',
  F14: 'test/races/flushed-store.test.ts',
  F15: ['test/api/written-behind.test.ts', 'test/api/written-behind-sooner.test.ts'],
  F17: 'test/api/written-behind.test.ts',
};
/** What belongs to the faults of the store as a whole. */
const always = ['test/races/outage.test.ts', 'test/races/outage-cycles.test.ts', 'test/races/soak.test.ts'];

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { long: { type: 'boolean' }, mutants: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const chosen = positionals.map((name) => name.toUpperCase());
  const isWhole = chosen.length === 0;
  const own = isWhole ? Object.values(suites).flat() : chosen.flatMap((name) => suites[name] ?? []);
  const files = [...new Set(['test/faults', ...own, ...(isWhole ? always : [])])];
  const lost = files.filter((file) => !existsSync(path.join(root, file)));
  if (lost.length > 0)
    throw new Error(`scripts/test-faults.mjs names files that do not exist: ${lost.join(', ')}`);
  const environment = {
    FAULTS: chosen.join(','),
    ...(values.mutants ? { FAULTS_MUTANTS: 'only' } : {}),
    ...(values.long ? { FAULTS_LONG: 'yes', OUTAGE_CYCLES: '20', SOAK_READS: '40000' } : {}),
  };
  const wanted = values.mutants ? ['-t', 'would'] : [];
  const { status } = spawnSync(
    path.join(root, 'node_modules', '.bin', 'vitest'),
    ['run', '--passWithNoTests', ...files, ...wanted],
    { cwd: root, stdio: 'inherit', env: { ...process.env, ...environment } },
  );
  return status ?? 1;
}

process.exitCode = main();
