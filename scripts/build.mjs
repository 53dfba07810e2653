import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { sourceDigest } from './source-digest.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const dist = path.join(root, 'dist');
const stamp = path.join(dist, 'built-from.sha256');

const help = `Usage: npm run build                  generate, compile into dist
       node scripts/build.mjs --if-stale   the same, unless dist was built from these very sources

npm start does the second before it starts the server.`;

function main() {
  if (process.argv.includes('--help')) {
    console.log(help);
    return;
  }
  const digest = sourceDigest(root);
  if (process.argv.includes('--if-stale') && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) {
    console.log('build: dist is up to date.');
    return;
  }
  console.log('build: generating and compiling into dist.');
  // First, so that a build that fails half-way never passes for a finished one.
  rmSync(dist, { recursive: true, force: true });
  run(path.join(root, 'scripts', 'generate.mjs'), []);
  run(require.resolve('typescript/bin/tsc'), ['-p', 'tsconfig.build.json']);
  writeFileSync(stamp, digest);
}

function run(file, parameters) {
  const { status } = spawnSync(process.execPath, [file, ...parameters], { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.error(`build: stopped, because ${path.basename(file)} failed; the reason is above.`);
  process.exit(1);
}

main();
