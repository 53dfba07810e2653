import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

const help = `Usage: npm test

Runs the build, then all tests, and beside them, with what the tests leave of the machine, the linter, the format check, the
compiler, the check for what is unused, and the check that schema.prisma and its migrations agree. Where one of these fails,
the tests are ended. The last line counts the tests: "N passed, N failed, N skipped".
To run some tests only: npm run test:only -- test/cache
All but the tests: npm run check`;

/** The compiler checks the same types below, beside the linter. */
const build = ['the build', process.execPath, ['scripts/build.mjs', '--if-stale', '--unchecked']];
/** Lists run beside each other. */
const checks = [
  [['the linter', bin('eslint'), ['.', '--max-warnings', '0']]],
  [
    ['the format check (fix: npm run format)', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
    ['the compiler', bin('tsc'), ['--noEmit']],
    ['the compiler, for the dashboard', bin('tsc'), ['--noEmit', '-p', 'src/cache/dashboard/page']],
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
  if (process.argv.includes('--checks-only')) return (await checksPass()) ? 0 : 1;
  return runTests();
}

async function checksPass() {
  const passed = await Promise.all(checks.map(allPass));
  return passed.every(Boolean);
}

async function allPass(steps) {
  for (const [name, command, parameters] of steps) {
    console.log(`test: ${name}`);
    const child = spawn(command, parameters, { cwd: root, stdio: 'inherit' });
    const exited = once(child, 'exit');
    // The tests wait for much, and go first where they do not.
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const [status] = await exited;
    if (status !== 0) {
      console.error(`test: ${name} failed.`);
      return false;
    }
  }
  return true;
}

async function runTests() {
  const folder = mkdtempSync(path.join(tmpdir(), 'corral-test-'));
  const report = path.join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const tests = spawn(bin('vitest'), ['run', ...reporters], { cwd: root, stdio: 'inherit' });
    const ended = once(tests, 'exit');
    const isChecked = await checksPass();
    if (!isChecked) tests.kill();
    const [status] = await ended;
    if (isChecked) return summarise(report, status ?? 1);
    console.error('test: a check failed, see above; the tests were ended.');
    return 1;
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
