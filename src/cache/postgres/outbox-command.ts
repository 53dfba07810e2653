import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { applyOutbox, checkOutbox, outboxSql, removeOutbox, type OutboxSqlOptions } from './apply-outbox.js';
import { DEFAULT_SCHEMA } from './home.js';
import type { Tables } from './tables.js';
import { applyLogOutbox, checkLogOutbox, logOutboxSql, removeLogOutbox } from './log/apply-log.js';
import { tablesOfPrisma } from './tables-of-prisma.js';

/** What `corral outbox` can do. */
export type OutboxVerb = 'sql' | 'apply' | 'check' | 'remove';

/** What it is told. */
export interface OutboxFlags {
  readonly url: string;
  readonly tables?: string;
  readonly prisma?: string;
  readonly namespaces?: string;
  readonly source?: 'triggers' | 'log';
  readonly schema?: string;
  readonly role?: string;
  readonly keepTables?: boolean;
  /** Called before anything is removed. @throws where it shall not be */
  readonly confirm: (where: { readonly database: string; readonly schema: string }) => Promise<void>;
}

/** What became of it: as lines for a person, and for a program. */
export interface OutboxResult {
  readonly lines: readonly string[];
  /** True where changes by other programs are not seen. */
  readonly isWrong: boolean;
  readonly sql?: string;
  /** The tables that are watched since. */
  readonly changed?: readonly string[];
  readonly faults?: readonly { readonly kind: string; readonly message: string }[];
}

/** Does one of them on a connection of its own. @throws Error what the database refuses. */
export async function runOutbox(verb: OutboxVerb, flags: OutboxFlags): Promise<OutboxResult> {
  const pool = new pg.Pool({ connectionString: flags.url, max: 1 });
  try {
    if (verb === 'remove') return await remove(pool, flags);
    const { schema, role, source } = flags;
    const mapping = await readMapping(flags);
    const given = {
      pool,
      ...mapping,
      ...(schema !== undefined && { schema }),
      ...(role !== undefined && { role }),
    };
    return await (source === 'log' ? ofLog : ofTriggers)[verb](given);
  } finally {
    await pool.end();
  }
}

async function remove(
  pool: pg.Pool,
  { schema = DEFAULT_SCHEMA, source, keepTables = false, confirm }: OutboxFlags,
): Promise<OutboxResult> {
  const { rows } = await pool.query<{ name: string }>('SELECT current_database() AS name');
  await confirm({ database: rows[0]?.name ?? '', schema });
  const where = { pool, schema };
  if (source !== 'log') await removeOutbox({ ...where, keepTables });
  if (source !== 'triggers') await removeLogOutbox(where);
  const gone = source === 'log' ? 'The publication and the replication slots' : 'The triggers and functions';
  return { lines: [`${gone} of the outbox are gone.`], isWrong: false };
}

type Run = (given: OutboxSqlOptions) => Promise<OutboxResult>;

const ofTriggers = {
  sql: async (given) => sqlResult(await outboxSql(given)),
  apply: async (given) =>
    changedResult(await applyOutbox(given), (names) => `Writes are watched by triggers on ${names}.`),
  check: async (given) => {
    const faults = await checkOutbox(given);
    return checkedResult(faults, {
      right: 'The triggers are as they should be.',
      fix: 'corral outbox apply, with the same options',
      isWrong: faults.some(({ kind }) => kind !== 'superfluous'),
    });
  },
} satisfies Record<Exclude<OutboxVerb, 'remove'>, Run>;

const ofLog = {
  sql: async (given) => sqlResult(await logOutboxSql(given)),
  apply: async (given) =>
    changedResult(await applyLogOutbox(given), (names) => `The log tells of the tables ${names} now.`),
  check: async (given) => {
    const faults = await checkLogOutbox(given);
    return checkedResult(faults, {
      right: 'The log tells what it should.',
      fix: 'corral outbox apply --source log, with the same options',
      isWrong: faults.length > 0,
    });
  },
} satisfies Record<keyof typeof ofTriggers, Run>;

function sqlResult(sql: string): OutboxResult {
  return { lines: [sql], isWrong: false, sql };
}

function changedResult(changed: readonly string[], sentence: (names: string) => string): OutboxResult {
  const line = changed.length === 0 ? 'Nothing had to be changed.' : sentence(changed.join(', '));
  return { lines: [line], isWrong: false, changed };
}

function checkedResult(
  faults: readonly { readonly kind: string; readonly message: string }[],
  { right, fix, isWrong }: { right: string; fix: string; isWrong: boolean },
): OutboxResult {
  const told = faults.map(({ kind, message }) => `${kind}: ${message}`);
  return { lines: [...told, faults.length === 0 ? right : `To change this: ${fix}.`], isWrong, faults };
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
