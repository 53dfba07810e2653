import { Option, type Command } from 'commander';
import type { OutboxFlags, OutboxVerb } from '../postgres/outbox-command.js';
import { CommandFault, wrongCommand } from './command-fault.js';
import { checkedDatabaseUrl } from './database-url.js';
import { needing } from './needing.js';
import { saysYes } from './says-yes.js';
import type { Surroundings } from './surroundings.js';
import { asJson } from './write-out.js';

const examples = `
Examples:
  corral outbox check --tables tables.mjs
  corral outbox sql --prisma prisma/schema.prisma --role app > migration.sql
  corral outbox apply --url postgresql://owner@localhost/shop --namespaces Movie,Person

docs/postgres.md has the whole of it.`;

const VERBS: readonly (readonly [verb: OutboxVerb, says: string])[] = [
  ['sql', 'writes the SQL to standard output, for a migration of your own; changes nothing'],
  ['apply', 'makes or changes what is not as it should be; again is allowed'],
  ['check', 'says what is missing, changed or superfluous; ends with 1 where changes are not seen'],
  ['remove', 'takes all of it away'],
];

type Flags = Omit<OutboxFlags, 'url' | 'confirm'> & {
  readonly url?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
};

/** `corral outbox`: the tables, functions and triggers that tell a cache of writes by any program. */
export function addOutbox(program: Command, surroundings: Surroundings): void {
  const { environment, out } = surroundings;
  const outbox = program
    .command('outbox')
    .description('makes, checks and removes in PostgreSQL what tells the cache of writes by any program')
    .helpCommand(false)
    .addHelpText('after', examples);
  for (const [verb, says] of VERBS) {
    const command = outbox
      .command(verb)
      .description(says)
      .option(
        '--url <url>',
        'of the database, as a user that owns the tables; default: the variable DATABASE_URL',
      )
      .addOption(
        new Option(
          '--source <source>',
          `triggers, or log for what reading the log of the server needs; default: ${verb === 'remove' ? 'both' : 'triggers'}`,
        ).choices(['triggers', 'log']),
      )
      .option('--schema <name>', 'where the outbox lives; default: corral');
    if (verb === 'remove')
      command
        .option('--keep-tables', 'CacheOutbox and CacheStore stay, as where a migration made them')
        .option('--yes', 'does not ask');
    else {
      command
        .option(
          '--tables <file>',
          'the mapping: a JSON file, or a module with a default export (and namespaces, if it exports them)',
        )
        .option(
          '--prisma <path>',
          'a Prisma schema, or a folder of .prisma files: what --tables says comes on top',
        )
        .option(
          '--namespaces <names>',
          'those of the keys and tags of the schema, and of the option fetches; default: all of the mapping',
        );
      if (verb !== 'check')
        command.option(
          '--role <name>',
          'a role that runs the API and owns nothing, which is given the rights',
        );
    }
    command.option('--json', 'prints JSON').action(async (flags: Flags) => {
      const url = databaseUrl(flags, environment);
      const isTold = flags.tables ?? flags.prisma ?? flags.namespaces;
      if (verb !== 'remove' && isTold === undefined)
        throw wrongCommand('Say what to watch: --tables, --prisma or --namespaces.');
      const confirm = confirmation(flags, surroundings, verb);
      const { runOutbox } = await needing('pg', () => import('../postgres/outbox-command.js'));
      const { lines, isWrong, ...result } = await runOutbox(verb, { ...flags, url, confirm });
      out(flags.json === true ? asJson(result) : lines.join('\n'));
      if (isWrong) throw new CommandFault('');
    });
  }
}

function databaseUrl({ url }: Flags, environment: Surroundings['environment']): string {
  const text = url ?? environment['DATABASE_URL'];
  if (text === undefined)
    throw wrongCommand('Name the database with --url, or in the variable DATABASE_URL.');
  return checkedDatabaseUrl(text, url === undefined ? 'DATABASE_URL' : '--url');
}

/** Asks before the outbox is removed, which every process that uses it would notice. */
function confirmation(
  { yes, source }: Flags,
  { ask }: Surroundings,
  verb: OutboxVerb,
): OutboxFlags['confirm'] {
  if (verb !== 'remove' || yes === true) return () => Promise.resolve();
  if (ask === undefined) throw wrongCommand('To remove the outbox without a terminal say --yes.');
  const what = source === 'log' ? 'what reads the log' : source === 'triggers' ? 'the triggers' : 'all';
  return async ({ database, schema }) => {
    const question = `Remove ${what} of the outbox in the schema ${schema} of the database ${database}? Caches no longer see writes by other programs.`;
    if (!(await saysYes(ask, question))) throw new CommandFault('Nothing was removed.');
  };
}
