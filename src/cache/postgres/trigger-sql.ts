import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Home } from './home.js';
import { changedRowsSql, TAGS_PER_ROW } from './changed-rows-sql.js';
import { lacksRightsSql, stampSql } from './outbox-standing-sql.js';
import type { WatchedTable } from './plan-triggers.js';
import { anyWaitsSql, waitingSql } from './waiting-rows-sql.js';
import type { Relation } from './read-tables.js';

const { escapeIdentifier, escapeLiteral } = pg;

/** The functions of watched tables begin with it; nothing else does. */
export const FUNCTION_PREFIX = 'cache_outbox_for_';
/**
 * Those of versions before 0.1.0 was released. They had other rights and other triggers, so these have other names: a process of
 * such a version that starts again makes its own, and breaks none of these.
 */
export const EARLIER_FUNCTIONS = { prefix: 'cache_outbox_of_', shared: 'cache_outbox_add' };
/** PostgreSQL cuts longer names. */
const LONGEST_NAME = 63;
/** Nothing of the writer's search_path is asked: another's operator or table of the same name would be. */
const SAFELY = 'SECURITY DEFINER SET search_path = pg_catalog, pg_temp';

/** When a trigger fires, as `pg_trigger.tgenabled`: in sessions of people, where changes are replicated to, or in both. */
export type Fires = 'O' | 'R' | 'A';

interface WantedTrigger {
  readonly name: string;
  readonly relation: Relation;
  readonly fires: Fires;
}

/** A function with its triggers, as SQL, and a stamp that differs whenever that SQL does. */
export interface WantedFunction {
  /** The table; undefined for a function that all tables share. */
  readonly table: string | undefined;
  readonly name: string;
  /** Its source, as the database keeps it. */
  readonly body: string;
  readonly stamp: string;
  readonly triggers: readonly WantedTrigger[];
  readonly sql: string;
}

interface Written {
  readonly name: string;
  readonly signature: string;
  readonly head: string;
  readonly body: string;
  readonly kind?: 'PROCEDURE';
  readonly isCalledByAll?: boolean;
}

/** What all watched tables share. Writers need no right of their own on the outbox. */
export function sharedFunctions(home: Home): readonly WantedFunction[] {
  const { quoted, outbox, stores } = home;
  const functions: readonly Written[] = [
    {
      // As the cache writes a value into a key: what could forge a separator is escaped.
      name: 'cache_key_component',
      signature: '(value text)',
      // A session may read the backslashes of its texts otherwise.
      head: 'RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT SET search_path = pg_catalog SET standard_conforming_strings = on',
      body: `
      SELECT CASE WHEN value COLLATE "C" ~ '^[A-Za-z0-9_.-]+$' THEN value ELSE (
        SELECT string_agg(
          CASE WHEN letter COLLATE "C" ~ '^[\\x01-\\x20"#%()*,/:;<=>?@[\\\\\\]^\`{|}~\\x7f]$'
            THEN '%' || lpad(to_hex(ascii(letter)), 2, '0') ELSE letter END, '' ORDER BY place)
        FROM regexp_split_to_table(value, '') WITH ORDINALITY AS letters(letter, place)
      ) END
    `,
      isCalledByAll: true,
    },
    {
      // Writes more tags than one row has, for each store.
      name: 'cache_outbox_write',
      signature: '(names text[], added text[], known bigint[])',
      head: `RETURNS void LANGUAGE plpgsql ${SAFELY}`,
      body: `
    BEGIN
      INSERT INTO ${outbox} ("store", "tags", "versions")
      SELECT stores.name, array_agg(given.tag), array_agg(given.version)
      FROM unnest(names) AS stores(name)
      CROSS JOIN unnest(added, known) WITH ORDINALITY AS given(tag, version, place)
      GROUP BY stores.name, (given.place - 1) / ${TAGS_PER_ROW};
    END
    `,
    },
    {
      // A row without tags has its store forget all that it has. Where not even that can be written down because the outbox is
      // gone, every look into it fails, and nothing is served for long. A lock that was waited for in vain fails the write, as
      // then the looks do not.
      name: 'cache_outbox_forget',
      signature: '(reason text)',
      head: `RETURNS void LANGUAGE plpgsql ${SAFELY}`,
      body: `
    BEGIN
      INSERT INTO ${outbox} ("store", "because") SELECT stores."name", reason FROM ${stores} AS stores;
    EXCEPTION WHEN undefined_table OR undefined_column OR undefined_function OR invalid_schema_name OR insufficient_privilege THEN
      RAISE WARNING 'The caches could not be told of a write: %', SQLERRM;
    END
    `,
    },
    {
      // Asked in every look: as a function it is planned once in each session.
      name: 'cache_outbox_standing',
      signature: '(OUT lacks_rights text, OUT stamp text)',
      head: 'LANGUAGE plpgsql STABLE SET search_path = pg_catalog',
      body: `
    BEGIN
      lacks_rights := ${lacksRightsSql(home)};
      stamp := ${stampSql(home)};
    END
    `,
      isCalledByAll: true,
    },
    {
      // Returns as soon as a row waits for this store, or after a while. It keeps no snapshot from one step to the next, which
      // would hold back vacuum. What is not urgent is a row that the process which leads is about to take: it counts once it
      // has been there for a step.
      name: 'cache_outbox_watch',
      kind: 'PROCEDURE',
      signature: '(watched text, for_ms int, step_ms int, is_urgent boolean, INOUT is_there boolean)',
      head: 'LANGUAGE plpgsql',
      body: `
    DECLARE
      bound_ms constant int := (pg_catalog.date_part('epoch', pg_catalog.current_setting('statement_timeout')::interval) * 800)::int;
      until constant timestamptz := pg_catalog.clock_timestamp()
        + pg_catalog.make_interval(secs => least(for_ms, nullif(bound_ms, 0)) / 1000.0);
      before pg_catalog.pg_snapshot;
      present pg_catalog.pg_snapshot;
    BEGIN
      LOOP
        SELECT pg_catalog.pg_current_snapshot(), ${anyWaitsSql(
          waitingSql(home, 'watched'),
          outbox,
          'o."store" = watched AND (is_urgent OR pg_catalog.pg_visible_in_snapshot(o."xid", before))',
        )} INTO present, is_there;
        before := present;
        COMMIT;
        EXIT WHEN is_there OR pg_catalog.clock_timestamp() >= until;
        PERFORM pg_catalog.pg_sleep(step_ms / 1000.0);
      END LOOP;
    END
    `,
      isCalledByAll: true,
    },
  ];
  return functions.map((written) => {
    const called = `${quoted}.${written.name}`;
    // Some databases let none call new functions. The others are for triggers alone, as their owner: else every role could end entries.
    const rights = written.isCalledByAll
      ? `\n    GRANT EXECUTE ON ROUTINE ${called}${written.signature} TO PUBLIC;`
      : `\n    REVOKE ALL ON FUNCTION ${called}${written.signature} FROM PUBLIC;`;
    const sql = `
    CREATE OR REPLACE ${written.kind ?? 'FUNCTION'} ${called}${written.signature} ${written.head} AS $body$${written.body}$body$;${rights}`;
    const stamp = stampOf(sql);
    const comment = `\n    COMMENT ON ROUTINE ${called}${written.signature} IS ${escapeLiteral(stamp)};`;
    return {
      table: undefined,
      name: written.name,
      body: written.body,
      stamp,
      triggers: [],
      sql: sql + comment,
    };
  });
}

/**
 * One function and its triggers: one for each kind of statement, which see all changed rows at once, on the table and on each
 * of its partitions; one for TRUNCATE; and one for single rows, which fires where changes are replicated to, as no other does there.
 */
export function tableFunction(home: Home, watched: WatchedTable): WantedFunction {
  const { table } = watched;
  const name = functionName(home, table);
  const called = `${home.quoted}.${escapeIdentifier(name)}`;
  const body = changedRowsSql(home, watched);
  const quote = dollarQuoteFor(body);
  const create = `
    CREATE OR REPLACE FUNCTION ${called}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS ${quote}${body}${quote};
    -- Triggers fire without it. A role that could make a trigger of its own with this function would run code as its owner.
    REVOKE ALL ON FUNCTION ${called}() FROM PUBLIC;`;
  const made = table.relations.flatMap((relation) => triggersOf({ home, table: watched, relation, called }));
  // Without the partitions: one that is attached later changes nothing of what the others have.
  const stamp = stampOf(
    create +
      triggersOf({ home, table: watched, relation: table, called })
        .map(({ sql }) => sql)
        .join(''),
  );
  const comment = `\n    COMMENT ON FUNCTION ${called}() IS ${escapeLiteral(stamp)};`;
  return {
    table: table.name,
    name,
    body,
    stamp,
    triggers: made.map(({ trigger }) => trigger),
    sql: create + made.map(({ sql }) => sql).join('') + comment,
  };
}

/** Marks the ends of a body that may contain the usual mark, as part of a name. */
function dollarQuoteFor(body: string): string {
  let quote = '$body$';
  for (let number = 1; body.includes(quote); number += 1) quote = `$body_${number}$`;
  return quote;
}

/** Whether a relation can have no triggers that see changed rows. */
export function cannotBeWatched({ kind }: Relation): boolean {
  return kind !== 'r' && kind !== 'p';
}

function stampOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** Names that are cut are told apart by a digest; those of other schemas bear its name. */
function functionName(home: Home, { schema, name }: Relation): string {
  return fitting(`${FUNCTION_PREFIX}${schema === home.schema ? '' : `${schema}.`}${name}`);
}

function fitting(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  const digest = stampOf(name).slice(0, 8);
  let kept = name;
  while (Buffer.byteLength(kept) > LONGEST_NAME - digest.length - 1) kept = kept.slice(0, -1);
  return `${kept}_${digest}`;
}

interface TriggersOf {
  readonly home: Home;
  readonly table: WatchedTable;
  readonly relation: Relation;
  readonly called: string;
}

interface MadeTrigger {
  readonly trigger: WantedTrigger;
  readonly sql: string;
}

const STATE = { O: '', R: 'REPLICA ', A: 'ALWAYS ' } as const;

function triggersOf({ home, table, relation, called }: TriggersOf): MadeTrigger[] {
  if (cannotBeWatched(relation)) return [];
  const where = `${escapeIdentifier(relation.schema)}.${escapeIdentifier(relation.name)}`;
  // Two outboxes may watch one table.
  const suffix = home.schema === table.table.schema ? '' : `_${home.schema}`;
  const made = (kind: string, fires: Fires, when: string): MadeTrigger => {
    const name = fitting(`cache_outbox_${kind}${suffix}`);
    const quoted = escapeIdentifier(name);
    const sql = `
    CREATE OR REPLACE TRIGGER ${quoted} ${when.replace('@', () => where)} EXECUTE FUNCTION ${called}();
    ALTER TABLE ONLY ${where} ENABLE ${STATE[fires]}TRIGGER ${quoted};`;
    return { trigger: { name, relation, fires }, sql };
  };
  const statements = [
    made('insert', 'O', 'AFTER INSERT ON @ REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT'),
    made('delete', 'O', 'AFTER DELETE ON @ REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT'),
    made(
      'update',
      'O',
      'AFTER UPDATE ON @ REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT',
    ),
  ];
  // Those of the partitions fire, whichever of them a statement names.
  if (relation.kind === 'p') return statements;
  return [
    ...statements,
    made('truncate', 'A', 'BEFORE TRUNCATE ON @ FOR EACH STATEMENT'),
    made('replica', 'R', 'AFTER INSERT OR UPDATE OR DELETE ON @ FOR EACH ROW'),
  ];
}
