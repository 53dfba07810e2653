import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const bin = (name) => path.join(root, 'node_modules', '.bin', name);

const help = `Usage: npm test

Runs the build, then the tests, and beside them, with what the tests leave of the machine, the linter, the format check, the
compiler, the check for what is unused, and the check that schema.prisma and its migrations agree. Where one of these fails,
the tests are ended. Tests that judge times follow, with nothing beside them. The last line counts all tests: "N passed, N failed, N skipped".
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
  try {
    const crowd = vitest(['tests', 'rooms'], path.join(folder, 'crowd'));
    const isChecked = await checksPass();
    if (!isChecked) crowd.end();
    const first = await crowd.ended;
    if (isChecked)
      return summarise([first, await vitest(['timed', 'alone'], path.join(folder, 'times')).ended]);
    console.error('test: a check failed, see above; the tests were ended.');
    return 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs these projects of vitest.config.ts; `ended` has the exit code, and what was counted. */
function vitest(projects, report) {
  const chosen = projects.flatMap((name) => ['--project', name]);
  const [counts, hooks] = [`${report}.json`, `${report}-hooks.json`];
  const reporters = ['default', 'json', './scripts/failed-hooks.mjs'].map((name) => `--reporter=${name}`);
  const child = spawn(bin('vitest'), ['run', ...chosen, ...reporters, `--outputFile.json=${counts}`], {
    ...{ cwd: root, stdio: 'inherit' },
    env: { ...process.env, FAILED_HOOKS: hooks },
  });
  const ended = once(child, 'exit').then(([status]) => ({
    ...readIfThere(counts),
    status: status ?? 1,
    failedHooks: readIfThere(hooks) ?? [],
  }));
  return { ended, end: () => child.kill() };
}

function readIfThere(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

function shortened(message) {
  return message.slice(0, 2000);
}

function summarise(runs) {
  const sum = (count) => runs.reduce((total, run) => total + (run[count] ?? 0), 0);
  const testResults = runs.flatMap((run) => run.testResults ?? []);
  // A file that cannot even be loaded has no tests to count, those of a hook that fails are skipped: each is a failure.
  const broken = runs.flatMap(({ failedHooks }) => failedHooks);
  for (const { name, message } of broken)
    console.error(`test: failed outside of a test, in ${name}: ${shortened(message)}`);
  // Said once more at the end, where it is read: what failed, and what was skipped, above for want of which program.
  for (const file of testResults) {
    const name = path.relative(root, file.name);
    const left = file.assertionResults.filter(
      ({ status: outcome }) => outcome === 'skipped' || outcome === 'pending',
    );
    if (left.length > 0) console.log(`test: left out ${left.length} of ${name}`);
    for (const { fullName, status, failureMessages } of file.assertionResults)
      if (status === 'failed')
        console.error(`test: failed in ${name}: ${fullName}\n${shortened(failureMessages.join('\n'))}`);
  }
  const [passed, failed] = [sum('numPassedTests'), sum('numFailedTests') + broken.length];
  const isGreen = runs.every(({ status, numPassedTests }) => status === 0 && numPassedTests > 0);
  if (!isGreen && failed === 0)
    console.error(
      `test: no test failed, but vitest ended with ${runs.map(({ status }) => status).join(', ')}`,
    );
  console.log(`${passed} passed, ${failed} failed, ${sum('numPendingTests') + sum('numTodoTests')} skipped`);
  return isGreen && failed === 0 ? 0 : 1;
}

process.exitCode = await main();
