import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { writeDashboardModule } from './dashboard-page.mjs';
import { writeLuaModules } from './lua-modules.mjs';
import { runStep } from './run-step.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const engine = path.join(root, 'src', 'cache');

const help = `Usage: npm pack -w graphql-corral                (runs this before it packs)
       node scripts/build-package.mjs --unchecked   the same, and leaves the types to npm run types

Makes in src/cache what the package graphql-corral carries and the repository does not have there:
  dist            the compiled engine with its types
  docs            the pages that errors and docstrings name, without links to what only the repository has
  CHANGELOG.md    and LICENSE, as they are at the top`;

/** What stands at the top of the repository, once. */
const copied = ['docs', 'CHANGELOG.md', 'LICENSE'];

async function main() {
  if (process.argv.includes('--help')) {
    console.log(help);
    return;
  }
  // First, so that nothing of an earlier build is packed.
  for (const made of ['dist', ...copied]) rmSync(path.join(engine, made), { recursive: true, force: true });
  writeLuaModules(root);
  writeDashboardModule(root);
  const compiler = {
    file: require.resolve('typescript/bin/tsc'),
    parameters: [
      '-p',
      path.join(engine, 'tsconfig.build.json'),
      ...(process.argv.includes('--unchecked') ? ['--noCheck'] : []),
    ],
  };
  if (!(await runStep('build-package: compile', { ...compiler, cwd: root }))) process.exit(1);
  for (const name of copied) cpSync(path.join(root, name), path.join(engine, name), { recursive: true });
  takeOffDeadLinks(path.join(engine, 'docs'));
}

/** Links to what is not copied would lead nowhere in an installed package. */
function takeOffDeadLinks(folder) {
  for (const name of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.md'))) {
    const page = path.join(folder, name);
    const leadsSomewhere = (target) => existsSync(path.resolve(path.dirname(page), target));
    const text = readFileSync(page, 'utf8').replaceAll(
      /\[([^\]]+)\]\((\.\.\/[^)#\s]+)(?:#[^)\s]*)?\)/g,
      (link, words, target) => (leadsSomewhere(target) ? link : `${words} (in the repository)`),
    );
    writeFileSync(page, text);
  }
}

await main();
