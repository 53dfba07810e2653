import pg from 'pg';
import type { Home } from './home.js';
import type { WatchedTable } from './plan-triggers.js';
import type { RowTag } from './row-tag.js';
import { BIGINT, BOOL, named, operator, TEXT } from './named-sql.js';

const { escapeIdentifier, escapeLiteral } = pg;

/** More tags of one statement go into another row: so that a relay never has to take millions at once. */
export const TAGS_PER_ROW = 500;
/** A table with more rows that is truncated ends all entries at once: so many tags would take longer. */
const TRUNCATED_ROW_BY_ROW = 100_000;
/** A store that no process has seen for so long is gone; its processes have called it so for half the time. */
const GONE_AFTER = '20 minutes';
/** Types whose texts hold nothing that a key would escape. */
const PLAIN: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'uuid', 'bool']);
/** Of many rows two are enough to know it. Without the limit PostgreSQL takes the join for so large that it compiles it. */
const NO_MORE = 'LIMIT 2';
const UNKNOWN = `NULL::${BIGINT}`;
const [EQUALS, DIFFERS, JOINED, ABOVE] = [operator('='), operator('<>'), operator('||'), operator('>')];

/**
 * The body of the function of a watched table. A statement over one row is the usual case, and has the cheapest way: no join, no
 * aggregate, and as few expressions as can be, since each is made ready anew in each transaction, and takes a snapshot where it asks for
 * more than its variables. Whether it is one is found out by asking for exactly one row, which fails where it is not.
 *
 * The function has the rights of its owner and no search_path of its own, since setting one costs a writer more than a tenth of the
 * trigger. So the writer's search_path counts, and every name of a table, function, type and operator must say its schema. Some parts of
 * SQL call an operator without naming it, and cannot: `CASE x WHEN y`, `IN`, `BETWEEN`, `NULLIF`, `IS DISTINCT FROM`, rows in `=`.
 */
export function changedRowsSql(home: Home, watched: WatchedTable): string {
  const one = (rows: Rows): string => oneRow(home, watched, rows);
  const many = (rows: Rows): string => manyRows(home, watched, rows);
  const is = (variable: string, value: string): string => `${variable} ${EQUALS} '${value}'`;
  // Where each error ends the session, none may be asked for.
  const mayBeOne = `is_other IS NULL AND ${named('current_setting')}('exit_on_error') ${DIFFERS} 'on'`;
  const tags = `${named('cardinality')}(meant)`;
  return `
    DECLARE
      is_one ${BOOL};
      is_other ${BOOL};
      meant ${TEXT}[];
      known ${BIGINT}[];
    BEGIN
      LOOP
        -- Nothing is written within this block, so that it costs no transaction number.
        BEGIN
          IF ${is('TG_OP', 'UPDATE')} AND ${is('TG_LEVEL', 'STATEMENT')} AND ${mayBeOne} THEN
            ${one({ before: 'old_rows', after: 'new_rows' })}
          ELSIF TG_OP ${DIFFERS} 'TRUNCATE' AND ${mayBeOne} THEN
            IF ${is('TG_LEVEL', 'STATEMENT')} THEN
              IF ${is('TG_OP', 'INSERT')} THEN
                ${one({ after: 'new_rows' })}
              ELSE
                ${one({ before: 'old_rows' })}
              END IF;
            ELSIF ${is('TG_OP', 'UPDATE')} THEN
              ${one({ before: '(SELECT OLD.*)', after: '(SELECT NEW.*)' })}
            ELSIF ${is('TG_OP', 'INSERT')} THEN
              ${one({ after: '(SELECT NEW.*)' })}
            ELSE
              ${one({ before: '(SELECT OLD.*)' })}
            END IF;
          END IF;
          EXIT WHEN is_one;
          -- Fails in place of the insert where they or their columns are gone, or may not be used.
          IF (${mayWrite(home)}) IS NOT TRUE THEN
            RAISE insufficient_privilege;
          END IF;
          IF ${is('TG_OP', 'TRUNCATE')} THEN
${truncated(home, watched)}
          ELSIF ${is('TG_LEVEL', 'ROW')} THEN
            ${many({ before: '(SELECT OLD.*)', after: '(SELECT NEW.*)' })}
          ELSIF ${is('TG_OP', 'UPDATE')} THEN
            ${many({ before: 'old_rows', after: 'new_rows' })}
          ELSIF ${is('TG_OP', 'INSERT')} THEN
            ${many({ after: 'new_rows' })}
          ELSE
            ${many({ before: 'old_rows' })}
          END IF;
          -- As with the right to write: what is written after this block may not fail.
          IF ${tags} ${ABOVE} ${TAGS_PER_ROW}
            AND ${named('has_function_privilege')}(${escapeLiteral(writing(home))}, 'EXECUTE') IS NOT TRUE THEN
            RAISE insufficient_privilege;
          END IF;
          EXIT;
        EXCEPTION WHEN OTHERS THEN
          IF is_other IS NULL AND (${is('SQLSTATE', 'P0002')} OR ${is('SQLSTATE', 'P0003')}) THEN
            is_other := true;
          ELSE
            BEGIN
              PERFORM ${home.quoted}.cache_outbox_forget(SQLERRM);
            EXCEPTION WHEN invalid_schema_name OR undefined_function OR insufficient_privilege THEN
              RAISE WARNING 'The caches could not be told of a write: %', SQLERRM;
            END;
            RETURN NULL;
          END IF;
        END;
      END LOOP;
      IF ${tags} ${ABOVE} 0 AND ${tags} ${operator('<=')} ${TAGS_PER_ROW} THEN
        INSERT INTO ${home.outbox} ("store", "tags", "versions") SELECT s."name", meant, known ${storesOf(home)};
      ELSIF ${tags} ${ABOVE} ${TAGS_PER_ROW} THEN
        PERFORM ${home.quoted}.cache_outbox_write(ARRAY(SELECT s."name" ${storesOf(home)}), meant, known);
      END IF;
      RETURN NULL;
    END
    `;
}

/** The function that writes more tags than one row has. */
function writing({ quoted }: Home): string {
  return `${quoted}.cache_outbox_write(${TEXT}[],${TEXT}[],${BIGINT}[])`;
}

/** By the number of a table, which costs less than to look for its name each time; its columns are looked for all the same. */
function mayWrite({ schema, outbox, stores }: Home): string {
  const may = (table: string, right: 'INSERT' | 'SELECT', columns: readonly string[]): readonly string[] =>
    columns.map(
      (column) =>
        `${named('has_column_privilege')}(${escapeLiteral(table)}::${named('regclass')}, '${column}', '${right}')`,
    );
  return [
    `${named('has_schema_privilege')}(${escapeLiteral(schema)}, 'USAGE')`,
    ...may(outbox, 'INSERT', ['store', 'tags', 'versions']),
    ...may(stores, 'SELECT', ['name', 'seenAt']),
  ].join(' AND ');
}

function storesOf({ stores }: Home): string {
  const since = `(${named('clock_timestamp')}() ${operator('-')} '${GONE_AFTER}'::${named('interval')})`;
  return `FROM ${stores} AS s WHERE s."seenAt" ${ABOVE} ${since}`;
}

/** What a statement changed, as SQL: the rows before it, after it, or both. */
interface Rows {
  readonly before?: string;
  readonly after?: string;
}

/**
 * What a statement over one row means. One that left the row as it was means nothing; one that changed what the row is called, or may
 * not be written down, is left to the other way.
 */
function oneRow(home: Home, watched: WatchedTable, { before, after }: Rows): string {
  const side = after === undefined ? 'o' : 'n';
  const text = (tag: RowTag, of = side): string => tagText(home, watched, tag, of);
  const version = versionOf(watched, { ...(before && { before }), ...(after && { after }) });
  const [always, byRow, others] = [
    watched.tags.filter(({ columns }) => columns.length === 0),
    watched.tags.filter((tag) => tag.columns.length > 0 && namesRow(watched, tag)),
    watched.tags.filter((tag) => tag.columns.length > 0 && !namesRow(watched, tag)),
  ];
  const isUpdate = before !== undefined && after !== undefined;
  const changed = isUpdate
    ? [...byRow.filter((tag) => !isKey(watched, tag)), ...others].map(
        (tag) =>
          `CASE WHEN (${text(tag, 'n')}) ${EQUALS} (${text(tag, 'o')}) THEN NULL ELSE ${text(tag, 'o')} END`,
      )
    : [];
  const maybe = [...others.map((tag) => text(tag)), ...changed];
  const sure = `ARRAY[${[...always, ...byRow].map((tag) => text(tag)).join(', ')}]::${TEXT}[]`;
  const meant =
    maybe.length === 0
      ? sure
      : `${named('array_cat')}(${sure}, ${named('array_remove')}(ARRAY[${maybe.join(', ')}]::${TEXT}[], NULL))`;
  const versions = [...always.map(() => UNKNOWN), ...byRow.map((tag) => knownFor(tag, version))];
  const known = version === undefined ? 'NULL' : `ARRAY[${versions.join(', ')}]::${BIGINT}[]`;
  const from = isUpdate ? `${before} AS o, ${after} AS n` : `${before ?? after ?? ''} AS ${side}`;
  const isOne = isUpdate ? `${sameRow(watched)} AND ${mayWrite(home)}` : mayWrite(home);
  const told = isUpdate ? `CASE WHEN (o.*) ${operator('*=')} (n.*) THEN NULL ELSE ${meant} END` : meant;
  return `SELECT ${isOne}, ${told}, ${known}
                INTO STRICT is_one, meant, known FROM ${from} ${NO_MORE};`;
}

/**
 * What any number of changed rows mean. A row that stayed as it was means nothing; one that changed means its state before and
 * after: a film that changes its director means two people. Rows are told apart as a join that is quick however many there are.
 */
function manyRows(home: Home, watched: WatchedTable, rows: Rows): string {
  const { from, where, sides } = source(watched, rows);
  const version = versionOf(watched, rows);
  const constants = watched.tags.filter(({ columns }) => columns.length === 0);
  const variable = watched.tags.filter(({ columns }) => columns.length > 0);
  const fixed = constants.map((tag) => tagText(home, watched, tag, 'n'));
  const withFixed = (array: string, values: readonly string[], type: string): string =>
    values.length === 0 ? array : `${named('array_cat')}(ARRAY[${values.join(', ')}]::${type}[], ${array})`;
  const unknown = fixed.map(() => UNKNOWN);
  const count = named('count');
  const [only] = variable;
  if (only !== undefined && variable.length === 1 && isKey(watched, only)) {
    // The usual case: each row has one tag of its own, so none comes twice.
    const text =
      only.columns.length === 0 || sides.length === 1
        ? tagText(home, watched, only, sides[0] ?? 'n')
        : `coalesce(${sides.map((side) => tagText(home, watched, only, side)).join(', ')})`;
    const all = (of: string): string => `${named('array_agg')}(${of})`;
    const versions =
      version === undefined ? 'NULL' : withFixed(all(knownFor(only, version)), unknown, BIGINT);
    return `SELECT ${withFixed(all(text), fixed, TEXT)}, ${versions} INTO meant, known
          FROM ${from} WHERE ${where} HAVING ${count}(*) ${ABOVE} 0;`;
  }
  const values = variable.flatMap((tag) =>
    sides.map(
      (side) =>
        `(${tagText(home, watched, tag, side)}, ${namesRow(watched, tag) ? knownFor(tag, version) : UNKNOWN})`,
    ),
  );
  if (values.length === 0) values.push(`(NULL::${TEXT}, ${UNKNOWN})`);
  const array = (of: string, type: string): string =>
    `coalesce(${named('array_agg')}(once.${of}) FILTER (WHERE once.tag IS NOT NULL), '{}'::${type}[])`;
  const versions = version === undefined ? 'NULL' : withFixed(array('version', BIGINT), unknown, BIGINT);
  const latest = `CASE WHEN ${named('bool_and')}(t.version IS NOT NULL) THEN ${named('max')}(t.version) END`;
  return `SELECT ${withFixed(array('tag', TEXT), fixed, TEXT)}, ${versions} INTO meant, known
          FROM (SELECT t.tag, ${latest} AS version FROM ${from}
            CROSS JOIN LATERAL (VALUES ${values.join(', ')}) AS t(tag, version) WHERE ${where} GROUP BY t.tag) AS once
          HAVING ${count}(*) ${ABOVE} 0${fixed.length === 0 ? ` AND ${count}(once.tag) ${ABOVE} 0` : ''};`;
}

interface Source {
  readonly from: string;
  /** What must hold of a row. */
  readonly where: string;
  /** The names of a row before and after the statement. */
  readonly sides: readonly ('n' | 'o')[];
}

function source(watched: WatchedTable, { before, after }: Rows): Source {
  if (before === undefined) return { from: `${after ?? ''} AS n`, where: 'true', sides: ['n'] };
  if (after === undefined) return { from: `${before} AS o`, where: 'true', sides: ['o'] };
  return {
    from: `${before} AS o FULL JOIN ${after} AS n ON ${sameRow(watched)}`,
    // By their bytes, which every type has. Of a row that has no other nothing is known, so it counts. A column may have the
    // name of either: then it would be meant.
    where: `((o.*) ${operator('*<>')} (n.*)) IS NOT FALSE`,
    sides: ['n', 'o'],
  };
}

function sameRow({ rowIs, table }: WatchedTable): string {
  return rowIs
    .map((column) => {
      const cast = table.foreignColumns.has(column) ? `::${TEXT}` : '';
      return `(o.${escapeIdentifier(column)}${cast} ${EQUALS} n.${escapeIdentifier(column)}${cast})`;
    })
    .join(' AND ');
}

/** Whether this tag is of one row alone, whatever its columns are. */
function namesRow({ table: { primaryKey } }: WatchedTable, { columns }: RowTag): boolean {
  return primaryKey.length > 0 && primaryKey.every((column) => columns.includes(column));
}

/** The version of the row that a tag names, where the row that changed is that row. */
function knownFor({ isOfOther }: RowTag, version: string | undefined): string {
  return isOfOther === true ? UNKNOWN : (version ?? UNKNOWN);
}

/** Whether it is the same text before and after a change of the row, and of no other row. */
function isKey(watched: WatchedTable, tag: RowTag): boolean {
  const { table } = watched;
  return (
    namesRow(watched, tag) &&
    tag.columns.every(
      (column) => table.primaryKey.includes(column) && PLAIN.has(table.columns.get(column) ?? ''),
    )
  );
}

function tagText(
  home: Home,
  { values, table }: WatchedTable,
  { literals, columns }: RowTag,
  side: string,
): string {
  const parts = columns.flatMap((column, index) => {
    const text = `${side}.${escapeIdentifier(column)}::${TEXT}`;
    const literal = literals[index + 1] ?? '';
    const said = Object.entries(values.get(column) ?? {});
    const component = PLAIN.has(table.columns.get(column) ?? '')
      ? asSaid(text, said)
      : escaped(home, asSaid(text, said));
    return literal === '' ? [component] : [component, escapeLiteral(literal)];
  });
  return [escapeLiteral(literals[0] ?? ''), ...parts].join(` ${JOINED} `);
}

function asSaid(text: string, said: readonly (readonly [string, string])[]): string {
  if (said.length === 0) return text;
  const cases = said.map(
    ([label, name]) => `WHEN ${text} ${EQUALS} ${escapeLiteral(label)} THEN ${escapeLiteral(name)}`,
  );
  return `CASE ${cases.join(' ')} ELSE ${text} END`;
}

/** What needs no escaping, as nearly everything, needs no call either. */
function escaped({ quoted }: Home, text: string): string {
  return `CASE WHEN (${text}) COLLATE ${named('"C"')} ${operator('~')} '^[A-Za-z0-9_.-]+$' THEN ${text} ELSE ${quoted}.cache_key_component(${text}) END`;
}

/** A change that does not raise the version has none: it could not be told from the one before. */
function versionOf({ version }: WatchedTable, { before, after }: Rows): string | undefined {
  if (version === undefined || after === undefined) return undefined;
  const column = escapeIdentifier(version);
  return before === undefined
    ? `n.${column}::${BIGINT}`
    : `CASE WHEN n.${column} ${ABOVE} o.${column} THEN n.${column}::${BIGINT} END`;
}

/** Where a row stands for the relation, which is known when the trigger fires. */
const RELATION = '@relation-5f0c2d9a@';

/**
 * Reads the rows before they go. Not where an old snapshot or the table's own rules hide some of them, or where there are too
 * many: then everything is forgotten.
 */
function truncated(home: Home, watched: WatchedTable): string {
  const rows = `ONLY ${RELATION}`;
  // A statement of its own, whose answer is taken where it is run.
  const add = manyRows(home, watched, { before: rows }).replace(' INTO meant, known', '').replace(/;$/, '');
  const few = `SELECT ${named('count')}(*) ${operator('<=')} ${TRUNCATED_ROW_BY_ROW} FROM (SELECT FROM ${rows} LIMIT ${TRUNCATED_ROW_BY_ROW + 1}) AS counted`;
  const filled = (sql: string): string =>
    `EXECUTE ${named('replace')}(${escapeLiteral(sql)}, '${RELATION}', ${named('format')}('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME))`;
  return `            DECLARE
              is_few ${BOOL} := false;
            BEGIN
              IF ${named('current_setting')}('transaction_isolation') ${EQUALS} 'read committed'
                AND NOT (SELECT c.relforcerowsecurity FROM ${named('pg_class')} AS c WHERE c.oid ${EQUALS} TG_RELID) THEN
                ${filled(few)} INTO is_few;
              END IF;
              IF NOT is_few THEN
                PERFORM ${home.quoted}.cache_outbox_forget('a table was truncated whose rows could not be told one by one');
                RETURN NULL;
              END IF;
              ${filled(add)} INTO meant, known;
            END;`;
}
