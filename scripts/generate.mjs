import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { writeDashboardModule } from './dashboard-page.mjs';
import { writeLuaModules } from './lua-modules.mjs';
import { runStep } from './run-step.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

const help = `Usage: npm run generate

Writes what is generated and not committed, under src/generated:
  the Prisma client     from prisma/schema.prisma
  the resolver types    from schema/*.graphql, by codegen.yml
and beside the Lua scripts of src/cache:
  texts.ts              from them
and in src/cache/dashboard:
  page-files.ts         from its page/, bundled`;

/** The file behind a package's command, so that no shell and no node_modules/.bin is needed. */
function binOf(packageName, command) {
  const manifestPath = require.resolve(`${packageName}/package.json`);
  const { bin } = require(manifestPath);
  return path.join(path.dirname(manifestPath), typeof bin === 'string' ? bin : bin[command]);
}

/**
 * `prisma generate` runs no engine, yet downloads one unless it is told where one is. Any existing file
 * satisfies it, so a machine without access to Prisma's download host can generate too. Only here: commands
 * that do run the engine must not see this. A value set by the user wins.
 */
function prismaEnvironment() {
  return {
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
    ...process.env,
  };
}

if (process.argv.includes('--help')) {
  console.log(help);
  process.exit(0);
}
const written = writeLuaModules(root);
console.log(
  `generate: the texts of the Lua scripts ${written.length > 0 ? 'were written' : 'are up to date'}.`,
);
console.log(
  `generate: the files of the dashboard ${writeDashboardModule(root) ? 'were written' : 'are up to date'}.`,
);
const prisma = { file: binOf('prisma', 'prisma'), parameters: ['generate'], env: prismaEnvironment() };
const codegen = {
  file: binOf('@graphql-codegen/cli', 'graphql-codegen'),
  parameters: ['--config', 'codegen.yml'],
};
for (const [title, program] of [
  ['generate: the Prisma client', prisma],
  ['generate: the resolver types', codegen],
]) {
  if (!(await runStep(title, { ...program, cwd: root }))) process.exit(1);
}
