import type { ClientBase } from 'pg';
import type { ForgetReason } from '../metrics/relay-counters.js';
import type { OthersSeen, Outbox, OutboxRow, Relayed } from '../outbox/outbox.js';
import type { Home } from './home.js';
import { TAGS_PER_ROW } from './changed-rows-sql.js';
import { BACKLOG, dropBacklog } from './drop-backlog.js';
import { EmptyNotes } from './empty-notes.js';
import { inTransaction } from './in-transaction.js';
import { GAP, noticeGap, type GapOptions, type Standing } from './notice-gaps.js';
import type { OutboxPool } from './pool-option.js';
import { ABSENCE, registerStore } from './register-store.js';
import { FORGETTING, relayStatements, type RelayStatements } from './relay-statements.js';

export interface OutboxOfStoreOptions {
  readonly home: Home;
  readonly pool: OutboxPool;
  /** For removing rows that no process takes, which may take longer than a look may; default: the same. */
  readonly pruningPool?: OutboxPool;
  /** Names the store whose rows these are; processes that share a store share its name. */
  readonly store: string;
  /** True for a store that ends with its process. */
  readonly endsWithProcess: boolean;
  /** Watches for rows that other connections commit; see `watchForRows`. */
  readonly listen: Outbox['listen'];
  /** Told how many rows each look has taken; default: no process is. */
  readonly onLooked?: (taken: number) => void;
  /** Rows that may wait, before they are dropped and everything is forgotten instead; default: a million. */
  readonly rowsAtMost?: number;
  /** When it is noted that no row waits; default: every ten seconds, after 2,000 rows. */
  readonly notes?: EmptyNotes;
}

/** Rows that a relay takes in one transaction: it holds their locks while the store applies them. */
const ROWS_AT_ONCE = 500;
const ROWS_AT_MOST = 1_000_000;
/** Where rows are full of tags, as those of large statements are. */
const FULL_ROWS_AT_ONCE = 100;
const TAGS_OF_A_FULL_ROW = 100;

/**
 * A process that stands still while it holds rows must not keep them from the others: PostgreSQL ends its transaction. One that is far
 * from the database is silent for a round trip between two statements, and gets that on top.
 */
const HELD_AT_MOST_MS = 300;
const FAR_AT_MOST_MS = 2000;

interface Looked extends Standing {
  readonly isThere: boolean;
  readonly known: boolean;
  readonly hasOthers: boolean;
  /** It is to be noted that a process of this store looks. */
  readonly isUnseen: boolean;
  /** The snapshot of the look. */
  readonly seen: string;
}

/** What one statement took, and what it saw beside that. */
interface Took {
  /** The rows as JSON, which a pool may be told to read in another way. */
  readonly taken: string;
  /** The highest place of the rows that were taken; null where none was. */
  readonly upTo: string | null;
  /** Ids of rows in the hands of another relay. */
  readonly elsewhere: readonly string[];
  /** The snapshot of the statement. */
  readonly seen: string;
}

/** What a row says of writes whose tags could not be told to this store. */
const UNTOLD = 'another region could not tell for long what was invalidated there';

type TakenRow = readonly [
  id: string,
  tags: readonly (string | null)[] | null,
  versions: readonly (number | null)[] | null,
  because: string | null,
  waitedMs: number,
];

const REASONS: ReadonlyMap<string, ForgetReason> = new Map([
  [GAP, 'gap'],
  [BACKLOG, 'backlog'],
  [ABSENCE, 'absence'],
]);

interface OtherRow {
  readonly name: string;
  readonly place: string;
  /** The lowest places at which rows of it wait, of transactions that were open once none did, and of those since. */
  readonly late: string | null;
  readonly since: string | null;
  readonly unseenForMs: number;
}

interface Pruned {
  /** There may be more rows of stores that are gone. */
  readonly isMore: boolean;
  /** More rows of this store wait than may. */
  readonly isFull: boolean;
}

type Apply = (rows: readonly OutboxRow[]) => Promise<void>;

/**
 * The outbox of one store. Rows are found by being there, never by a number higher than the last: numbers are given out
 * before the commit, so a lower one may become visible later.
 */
export function outboxOfStore(options: OutboxOfStoreOptions): Outbox {
  const {
    home,
    pool,
    pruningPool = pool,
    store,
    endsWithProcess,
    listen,
    onLooked = () => undefined,
    rowsAtMost = ROWS_AT_MOST,
    notes = new EmptyNotes(),
  } = options;
  const sql = relayStatements(home);
  const looking = { home, pool, sql, store, notes };
  const seen = async (): Promise<void> => void (await pool.query(sql.keep, [store]));
  const relay = async (apply: Apply): Promise<Relayed> => {
    const beganAtMs = performance.now();
    const look = await lookInto(looking);
    const heldMs = HELD_AT_MOST_MS + Math.min(2 * (performance.now() - beganAtMs), FAR_AT_MOST_MS);
    const done: Relayed['done'][number][] = [];
    let elsewhere: Relayed['elsewhere'] = [];
    let atOnce = ROWS_AT_ONCE;
    // Of a long backlog each batch goes on where the one before it ended; the last begins from the beginning once more, for what
    // came from lower places meanwhile.
    let from: bigint | undefined;
    for (let isOver = !look.isThere; !isOver;) {
      const taking = { ...looking, atOnce, from, heldMs };
      const batch = await inTransaction(pool, (client) => takeAndApply(client, taking, apply));
      for (const { id, waitedMs } of batch.done) done.push({ id, waitedMs });
      elsewhere = batch.elsewhere;
      isOver = from === undefined && batch.upTo === undefined;
      from = batch.upTo;
      const tags = batch.done.reduce((sum, row) => sum + row.tags.length, 0);
      atOnce = tags > TAGS_OF_A_FULL_ROW * batch.done.length ? FULL_ROWS_AT_ONCE : ROWS_AT_ONCE;
    }
    onLooked(done.length);
    const forgetting = elsewhere.filter((id) => id.startsWith(FORGETTING));
    // Other stores wait for one that is seen. Where it cannot be noted, the next look does it, and no look waits for that.
    if (look.hasOthers && look.isUnseen) seen().catch(() => undefined);
    return { done, elsewhere, forgetting, isKnown: look.known, hasOthers: look.hasOthers };
  };
  return {
    listen,
    relay,
    register: async () => {
      await registerStore(pool, home, store);
      return true;
    },
    add: async (tags) => {
      await pool.query(sql.add, [store, tags]);
    },
    tellOthers: async (tags) => {
      await (tags === 'all'
        ? pool.query(sql.forgetOthers, [store, UNTOLD])
        : pool.query(sql.tellOthers, [store, tags]));
    },
    others: async () => othersOf((await pool.query<OtherRow>(sql.others, [store])).rows),
    keep: async () => {
      await seen();
      let pruned: Pruned | undefined;
      do [pruned] = (await pruningPool.query<Pruned>(sql.prune, [store, rowsAtMost, home.outbox])).rows;
      while (pruned?.isMore === true);
      if (pruned?.isFull === true) await dropBacklog({ home, pool: pruningPool, store });
    },
    close: async () => {
      if (endsWithProcess) await pool.query(`DELETE FROM ${home.stores} WHERE "name" = $1`, [store]);
    },
  };
}

interface Looking extends GapOptions {
  readonly sql: RelayStatements;
  readonly notes: EmptyNotes;
}

/** Nearly always nothing is there, which is noted from time to time. */
async function lookInto(looking: Looking): Promise<Omit<Looked, keyof Standing | 'seen'>> {
  const { pool, sql, store, notes } = looking;
  const [look] = (await pool.query<Looked>(sql.look, [store])).rows;
  if (look === undefined) throw new Error('the database says nothing of the outbox');
  const isThere = (await noticeGap(looking, look)) || look.isThere;
  if (!isThere && notes.isDue()) await pool.query(sql.seen, [store, look.seen]);
  return { isThere, known: look.known, hasOthers: look.hasOthers, isUnseen: look.isUnseen };
}

/** A row that waits holds the place of its transaction; the first of those is what a store has come to. */
function othersOf(rows: readonly OtherRow[]): OthersSeen {
  const place = BigInt(rows[0]?.place ?? 0);
  const stores = rows.map(({ name, late, since, unseenForMs }) => {
    const waiting = [late, since].flatMap((xid) => (xid === null ? [] : BigInt(xid)));
    const appliedTo = waiting.reduce((first, xid) => (xid < first ? xid : first), place);
    return { name, appliedTo, unseenForMs };
  });
  return { place, stores };
}

interface Taking extends Looking {
  readonly atOnce: number;
  /** Where rows are looked for; undefined for the beginning. */
  readonly from: bigint | undefined;
  /** Milliseconds of silence after which they are given back. */
  readonly heldMs: number;
}

interface Batch {
  readonly done: readonly OutboxRow[];
  readonly elsewhere: readonly string[];
  /** The highest place of those that were taken, where there may be more; undefined where these were all. */
  readonly upTo: bigint | undefined;
}

/** Takes rows, and has them applied, all in one transaction: a process that dies in between leaves them there. */
async function takeAndApply(
  client: ClientBase,
  { sql, store, notes, atOnce, from, heldMs }: Taking,
  apply: Apply,
): Promise<Batch> {
  const [took] = (await client.query<Took>(sql.take, [store, atOnce, from, `${Math.ceil(heldMs)}`])).rows;
  if (took === undefined) throw new Error('the database says nothing of the outbox');
  const { elsewhere, seen } = took;
  const taken: readonly TakenRow[] = JSON.parse(took.taken);
  const done = taken.map(outboxRow);
  for (const [index, part] of partsOf(done).entries()) {
    if (index > 0) await client.query('SELECT');
    await apply(part);
  }
  notes.took(done.length);
  const upTo = done.length < atOnce || took.upTo === null ? undefined : BigInt(took.upTo);
  // All that the statement saw is gone once this is committed.
  const isAll = from === undefined && upTo === undefined && elsewhere.length === 0;
  if (isAll && notes.isDue()) await client.query(sql.seen, [store, seen]);
  return { done, elsewhere, upTo };
}

function outboxRow([id, tags, versions, because, waitedMs]: TakenRow): OutboxRow {
  const what = { id, ...meant(tags ?? [], versions ?? []), waitedMs };
  if (tags !== null) return what;
  const [forgetsAll, forgetReason] = [
    because ?? 'it is not known why',
    REASONS.get(because ?? '') ?? 'write',
  ];
  return { ...what, forgetsAll, forgetReason };
}

/** A tag of which a column is null means nothing, and a trigger that tells of one row writes it down as null. */
function meant(
  tags: readonly (string | null)[],
  versions: readonly (number | null)[],
): { readonly tags: readonly string[]; readonly versions: readonly (number | null)[] } {
  if (tags.every((tag) => tag !== null)) return { tags, versions };
  return {
    tags: tags.filter((tag) => tag !== null),
    versions: tags.flatMap((tag, place) => (tag === null ? [] : [versions[place] ?? null])),
  };
}

/**
 * So few tags at a time that PostgreSQL, which ends a silent transaction, hears of this process between two parts: no more than
 * one row may have, which are one operation of the store. One that has more, as those of earlier versions may, is parted too.
 */
function partsOf(rows: readonly OutboxRow[]): readonly (readonly OutboxRow[])[] {
  const parts: OutboxRow[][] = [];
  let tags = Infinity;
  for (const row of rows.flatMap(partsOfRow)) {
    if (tags + row.tags.length > TAGS_PER_ROW) {
      parts.push([]);
      tags = 0;
    }
    parts.at(-1)?.push(row);
    tags += row.tags.length;
  }
  return parts;
}

function partsOfRow(row: OutboxRow): readonly OutboxRow[] {
  const { tags, versions = [] } = row;
  if (tags.length <= TAGS_PER_ROW) return [row];
  return Array.from({ length: Math.ceil(tags.length / TAGS_PER_ROW) }, (_, part) => {
    const [from, to] = [part * TAGS_PER_ROW, (part + 1) * TAGS_PER_ROW];
    return { ...row, tags: tags.slice(from, to), versions: versions.slice(from, to) };
  });
}
