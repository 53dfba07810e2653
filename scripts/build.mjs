import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { runStep } from './run-step.mjs';
import { sourceDigest } from './source-digest.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const dist = path.join(root, 'dist');
const stamp = path.join(dist, 'built-from.sha256');

const help = `Usage: npm run build                  generate, compile into dist
       node scripts/build.mjs --if-stale   the same, unless dist was built from these very sources
       node scripts/build.mjs --unchecked  compiles in half the time, and leaves the types to npm run types

npm start does the second before it starts the server.`;

async function main() {
  if (process.argv.includes('--help')) {
    console.log(help);
    return;
  }
  const digest = sourceDigest(root);
  const isUnchecked = process.argv.includes('--unchecked');
  const stamped = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  const isBuilt = stamped === digest || (isUnchecked && stamped === unchecked(digest));
  if (process.argv.includes('--if-stale') && isBuilt) {
    console.log('build: dist is up to date.');
    return;
  }
  console.log('build: generating and compiling into dist, which takes up to a minute the first time.');
  // First, so that a build that fails half-way never passes for a finished one.
  rmSync(dist, { recursive: true, force: true });
  await run('build: generate', {
    file: path.join(root, 'scripts', 'generate.mjs'),
    parameters: [],
    isShown: true,
  });
  const compiler = {
    file: require.resolve('typescript/bin/tsc'),
    parameters: ['-p', 'tsconfig.build.json', ...(isUnchecked ? ['--noCheck'] : [])],
  };
  await run('build: compile', compiler);
  writeFileSync(stamp, isUnchecked ? unchecked(digest) : digest);
}

/** What a build whose types were not checked leaves, which npm start does not take for a finished one. */
function unchecked(digest) {
  return `${digest} unchecked`;
}

async function run(title, program) {
  if (!(await runStep(title, { ...program, cwd: root }))) process.exit(1);
}

await main();
