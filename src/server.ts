import { existsSync } from 'node:fs';
import type { ErrorCode } from './cache/index.js';
import { announce } from './start/announce.js';
import { answerCommandLine } from './start/command-line.js';
import { readConfig } from './config.js';
import { ConfigurationError } from './start/configuration-error.js';
import { createLog } from './http/create-log.js';
import { stopOnSignals } from './start/stop-on-signals.js';

/** The program: reads what a person set, starts the API, says where it is, and stops it on a signal. */
async function main(): Promise<void> {
  const answer = answerCommandLine(process.argv.slice(2));
  if (answer !== undefined) {
    process.stdout.write(answer);
    return;
  }
  // What the shell sets wins over the file.
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = readConfig(process.env);
  const log = await createLog(config);
  // It takes a second to load, which neither --help nor a wrong setting has to wait for.
  const { startApi } = await import('./start/api.js');
  const starting = startApi(config, { log });
  // From now on: in a container nothing else would end a process that is told to stop while it starts.
  stopOnSignals(starting, log);
  await announce(await starting, config, log);
}

/** What the cache refuses to start with: the schema's directives, or a store that answers but cannot be used. */
const fixable: readonly ErrorCode[] = ['CACHE_CONFIGURATION', 'CACHE_STORE_REFUSED', 'CACHE_JOURNAL_REFUSED'];

/** Faults that a person can fix are told in their own sentence; any other is a bug, and told in full. */
async function fail(error: unknown): Promise<never> {
  const text =
    error instanceof Error ? ((await isFixable(error)) ? error.message : error.stack) : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

async function isFixable(error: Error): Promise<boolean> {
  if (error instanceof ConfigurationError) return true;
  const { CacheError } = await import('./cache/index.js');
  return error instanceof CacheError && fixable.includes(error.code);
}

main().catch(fail);
