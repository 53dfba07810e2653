import { Command, CommanderError } from 'commander';
import { reasonOf } from '../errors.js';
import { addCompletion } from './completion.js';
import { CommandFault } from './command-fault.js';
import { addDeadLetters } from './redis/dead-letters.js';
import { addInspect } from './redis/inspect.js';
import { addPurge } from './redis/purge.js';
import { addAdvise } from './metrics/advise.js';
import { addReport } from './metrics/report.js';
import { addSimulate } from './recording/simulate.js';
import { addOutbox } from './outbox.js';
import { addCheck } from './schema/check.js';
import { addDirectives } from './schema/directives.js';
import { addExplain } from './schema/explain.js';
import { addFields } from './schema/fields.js';
import { addWarm } from './server/warm.js';
import type { Surroundings } from './surroundings.js';
import { shown } from './write-out.js';

const PAGE = 'https://www.npmjs.com/package/graphql-corral, docs/command-line.md';

/** The whole command line. */
function corralProgram(surroundings: Surroundings): Command {
  const program = new Command('corral')
    .description('Sees, checks and steers the cache of a GraphQL schema.')
    .helpCommand(false)
    .showHelpAfterError('(--help says more)')
    .addHelpText('after', `\nExit codes: 0, 1 where something is wrong, 2 where the command is.\n${PAGE}`)
    .configureOutput({
      writeOut: (text) => surroundings.out(text.trimEnd()),
      writeErr: (text) => surroundings.err(text.trimEnd()),
    })
    .exitOverride();
  for (const add of [
    addFields,
    addCheck,
    addExplain,
    addDirectives,
    addInspect,
    addPurge,
    addWarm,
    addDeadLetters,
    addReport,
    addAdvise,
    addSimulate,
    addOutbox,
  ])
    add(program, surroundings);
  addCompletion(program, surroundings);
  return program;
}

/** Runs the command line, and resolves with its exit code: 0, 1 where something is wrong, 2 where the command is. */
export async function runCorral(words: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    await corralProgram(surroundings).parseAsync([...words], { from: 'user' });
    return 0;
  } catch (error) {
    // What commander ends a command with, it has said already; asked for help, it ends with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CommandFault) {
      if (error.message !== '') surroundings.err(shown(error.message));
      return error.exitCode;
    }
    surroundings.err(shown(`corral: ${reasonOf(error)}`));
    return 1;
  }
}
