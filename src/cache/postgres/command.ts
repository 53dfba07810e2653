import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { applyOutbox, checkOutbox, outboxSql, removeOutbox, type OutboxSqlOptions } from './apply-outbox.js';
import type { Tables } from './tables.js';
import { applyLogOutbox, checkLogOutbox, logOutboxSql, removeLogOutbox } from './log/apply-log.js';
import { tablesOfPrisma } from './tables-of-prisma.js';

const help = `Usage: corral-postgres print|apply|check|remove [options]

Makes the tables, functions and triggers that tell a GraphQL cache of writes by any program.

  print    writes the SQL to standard output, for a migration of your own; changes nothing
  apply    makes or changes what is not as it should be; again is allowed
  check    says what is missing, changed or superfluous, and ends with 1 where changes are not seen
  remove   takes all of it away

  --url URL           of the database, as a user that owns the tables; default: the variable DATABASE_URL
  --tables FILE       the mapping: a JSON file, or a module with a default export (and namespaces, if it exports them)
  --prisma PATH       a Prisma schema, or a folder of .prisma files: what --tables says comes on top
  --namespaces A,B    those of the keys and tags of the schema, and of the option fetches; default: all of the mapping
  --source SOURCE     triggers, or log for what reading the log of the server needs; default: triggers, and with remove both
  --schema NAME       where the outbox lives; default: corral
  --role NAME         with print and apply: a role that runs the API and owns nothing, which is given the rights
  --keep-tables       with remove: CacheOutbox and CacheStore stay, as where a migration made them
  --help              this text

https://www.npmjs.com/package/graphql-corral, docs/postgres.md`;

const options = {
  url: { type: 'string' },
  tables: { type: 'string' },
  prisma: { type: 'string' },
  namespaces: { type: 'string' },
  schema: { type: 'string' },
  source: { type: 'string' },
  role: { type: 'string' },
  'keep-tables': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

export interface CommandOutput {
  out(text: string): void;
  err(text: string): void;
}

/** Runs the command, and resolves with its exit code: 0, 1 where something is wrong with the database, 2 with the command. */
export async function runCommand(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  { out, err }: CommandOutput,
): Promise<number> {
  const usage = (sentence: string): number => {
    err(`corral-postgres: ${sentence} --help says more.`);
    return 2;
  };
  let given;
  try {
    given = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    return usage(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = given;
  if (values.help) {
    out(help);
    return 0;
  }
  const [command = '', ...more] = positionals;
  if (!isCommand(command) || more.length > 0) return usage('Say one of print, apply, check and remove.');
  const url = values.url ?? environment['DATABASE_URL'];
  if (url === undefined) return usage('Name the database with --url, or in the variable DATABASE_URL.');
  if (
    command !== 'remove' &&
    values.tables === undefined &&
    values.prisma === undefined &&
    values.namespaces === undefined
  ) {
    return usage('Say what to watch: --tables, --prisma or --namespaces.');
  }
  const { source } = values;
  if (source !== undefined && !isSource(source)) return usage('Say --source triggers or --source log.');
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  try {
    const { schema } = values;
    if (command === 'remove') {
      const where = { pool, ...(schema !== undefined && { schema }) };
      if (source !== 'log') await removeOutbox({ ...where, keepTables: values['keep-tables'] });
      if (source !== 'log') out('The triggers and functions of the outbox are gone.');
      if (source !== 'triggers') await removeLogOutbox(where);
      if (source === 'log') out('The publication and the replication slots of the outbox are gone.');
      return 0;
    }
    const mapping = await readMapping(values);
    return await (source === 'log' ? logCommands : commands)[command](
      {
        pool,
        ...mapping,
        ...(schema !== undefined && { schema }),
        ...(values.role !== undefined && { role: values.role }),
      },
      out,
    );
  } catch (error) {
    err(`corral-postgres: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await pool.end();
  }
}

type Run = (given: OutboxSqlOptions, out: CommandOutput['out']) => Promise<number>;

const commands = {
  print: async (given, out) => {
    out(await outboxSql(given));
    return 0;
  },
  apply: async (given, out) => {
    const changed = await applyOutbox(given);
    out(
      changed.length === 0
        ? 'Nothing had to be changed.'
        : `Writes are watched by triggers on ${changed.join(', ')}.`,
    );
    return 0;
  },
  check: async (given, out) => {
    const faults = await checkOutbox(given);
    for (const { kind, message } of faults) out(`${kind}: ${message}`);
    if (faults.length === 0) out('The triggers are as they should be.');
    else out('To change this: corral-postgres apply, with the same options.');
    return faults.some(({ kind }) => kind !== 'superfluous') ? 1 : 0;
  },
} satisfies Record<string, Run>;

const logCommands = {
  print: async (given, out) => {
    out(await logOutboxSql(given));
    return 0;
  },
  apply: async (given, out) => {
    const changed = await applyLogOutbox(given);
    out(
      changed.length === 0
        ? 'Nothing had to be changed.'
        : `The log tells of the tables ${changed.join(', ')} now.`,
    );
    return 0;
  },
  check: async (given, out) => {
    const faults = await checkLogOutbox(given);
    for (const { kind, message } of faults) out(`${kind}: ${message}`);
    if (faults.length === 0) out('The log tells what it should.');
    else out('To change this: corral-postgres apply --source log, with the same options.');
    return faults.length > 0 ? 1 : 0;
  },
} satisfies Record<keyof typeof commands, Run>;

function isSource(word: string): word is 'triggers' | 'log' {
  return word === 'triggers' || word === 'log';
}

function isCommand(word: string): word is keyof typeof commands | 'remove' {
  return word === 'remove' || Object.hasOwn(commands, word);
}

interface Mapping {
  readonly tables: Tables;
  readonly namespaces?: readonly string[];
}

async function readMapping(values: {
  readonly tables?: string | undefined;
  readonly prisma?: string | undefined;
  readonly namespaces?: string | undefined;
}): Promise<Mapping> {
  const ofPrisma = values.prisma === undefined ? {} : await tablesOfPrisma(await prismaText(values.prisma));
  const file = values.tables === undefined ? { tables: {} } : await readTablesFile(values.tables);
  const namespaces = values.namespaces?.split(',').map((name) => name.trim()) ?? file.namespaces;
  return { tables: { ...ofPrisma, ...file.tables }, ...(namespaces !== undefined && { namespaces }) };
}

async function prismaText(where: string): Promise<string> {
  if ((await stat(where)).isFile()) return readFile(where, 'utf8');
  const entries = await readdir(where, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.prisma'));
  const texts = await Promise.all(
    files.map((entry) => readFile(path.join(entry.parentPath, entry.name), 'utf8')),
  );
  return texts.join('\n');
}

async function readTablesFile(file: string): Promise<Mapping> {
  if (file.endsWith('.json')) return { tables: tablesIn(JSON.parse(await readFile(file, 'utf8')), file) };
  const module: unknown = await import(pathToFileURL(path.resolve(file)).href);
  const of = (name: string): unknown =>
    typeof module === 'object' && module !== null ? Reflect.get(module, name) : undefined;
  const namespaces = of('namespaces');
  return {
    tables: tablesIn(of('default') ?? of('tables'), file),
    ...(Array.isArray(namespaces) && { namespaces: namespaces.map(String) }),
  };
}

function tablesIn(value: unknown, file: string): Tables {
  if (isTables(value)) return value;
  throw new Error(`${file} must hold an object: tables by namespace.`);
}

/** What a mapping says is checked against the database. */
function isTables(value: unknown): value is Tables {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((entry) => entry === false || (typeof entry === 'object' && entry !== null))
  );
}
