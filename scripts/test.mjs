import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

const help = `Usage: npm test

Runs the build, then the linter beside the format check, the compiler and the check that schema.prisma and its migrations
agree, and then all tests. The last line counts the tests: "N passed, N failed, N skipped".
To run some tests only: npm run test:only -- test/cache
All but the tests: npm run check`;

/** The compiler checks the same types below, beside the linter. */
const build = ['the build', process.execPath, ['scripts/build.mjs', '--if-stale', '--unchecked']];
/** Checks that cost little and fail early; each must pass before the tests are run. Lists run beside each other. */
const checks = [
  [['the linter', bin('eslint'), ['.', '--max-warnings', '0']]],
  [
    ['the format check (fix: npm run format)', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
    ['the compiler', bin('tsc'), ['--noEmit']],
    ['unused files, exports and packages', bin('knip'), []],
    ['schema.prisma against its migrations', bin('tsx'), ['scripts/migrate-new.ts', '--check']],
  ],
];

async function main() {
  if (process.argv.includes('--help')) {
    console.log(help);
    return 0;
  }
  if (!(await allPass([build]))) return 1;
  const passed = await Promise.all(checks.map(allPass));
  if (!passed.every(Boolean)) return 1;
  return process.argv.includes('--checks-only') ? 0 : runTests();
}

async function allPass(steps) {
  for (const [name, command, parameters] of steps) {
    console.log(`test: ${name}`);
    const [status] = await once(spawn(command, parameters, { cwd: root, stdio: 'inherit' }), 'exit');
    if (status !== 0) {
      console.error(`test: ${name} failed; the tests were not run.`);
      return false;
    }
  }
  return true;
}

function runTests() {
  const folder = mkdtempSync(path.join(tmpdir(), 'corral-test-'));
  const report = path.join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const { status } = spawnSync(bin('vitest'), ['run', ...reporters], { cwd: root, stdio: 'inherit' });
    return summarise(report, status ?? 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summarise(report, status) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  // A file that cannot even be loaded has no tests to count, and is a failure all the same.
  const broken = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  for (const file of broken) console.error(`test: ${path.relative(root, file.name)} could not be run`);
  // Said once more at the end, where it is read: what was skipped, and above for want of which program.
  for (const file of testResults) {
    const left = file.assertionResults.filter(
      ({ status: outcome }) => outcome === 'skipped' || outcome === 'pending',
    );
    if (left.length > 0) console.log(`test: left out ${left.length} of ${path.relative(root, file.name)}`);
  }
  const failed = numFailedTests + broken.length;
  console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);
  return status === 0 && failed === 0 && numPassedTests > 0 ? 0 : 1;
}

process.exitCode = await main();
