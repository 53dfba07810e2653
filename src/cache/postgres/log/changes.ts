import { decodePgoutput, type RelationMessage } from './decode-pgoutput.js';
import type { LogTable } from './log-plan.js';
import { columnsToRead, meaningOfRows, type Meaning } from './meaning-of-rows.js';
import { PlanOutdated, type PlanInUse } from './plan-in-use.js';

/**
 * Begins the prefix of messages that a start writes into the log where it changes what rows mean; the name of the publication
 * follows. Any role may write one, so that it only says where the publication is to be asked again.
 */
export const PLAN_MESSAGE = 'corral plan ';
/** Begins the prefix of messages that tell one store of tags; the name of its slot follows. */
export const TAGS_MESSAGE = 'corral tags ';
/** Written so that everything before it reaches the disk, and with it the log's readers. */
export const FLUSH_MESSAGE = 'corral flush';

/** What was read of the log since the last batch was taken. */
export interface Batch {
  /** Each tag with the version of its row; null where that is not known. */
  readonly tags: ReadonlyMap<string, number | null>;
  /** The transactions that wrote it, by the lower half of their numbers. */
  readonly xids: ReadonlySet<number>;
  /** Everything that was committed before this place is in this batch or in those before it. */
  readonly readTo: bigint;
  /** Why everything must be forgotten, as a sentence; undefined where the tags say it all. */
  readonly forget: string | undefined;
  /** When its first transaction was committed, by the clock of the database. */
  readonly committedAtMs: number | undefined;
}

/** Whose messages of the log are meant. */
export interface LogSource {
  readonly slot: string;
  readonly publication: string;
}

/** Turns messages of the log into tags, a transaction after the other; a long one may be taken in parts. */
export class Changes {
  readonly #source: LogSource;
  readonly #known: PlanInUse;
  readonly #tables: ReadonlyMap<number, LogTable>;
  readonly #relations = new Map<number, RelationMessage>();
  readonly #meanings = new Map<number, Meaning | 'unreadable'>();
  /** Of each table that has a meaning: what of its rows that asks for. */
  readonly #columns = new Map<number, number>();
  #tags = new Map<string, number | null>();
  #xids = new Set<number>();
  #forget: string | undefined;
  #xid: number | undefined;
  #commit = 0n;
  #beganAtMs = 0;
  #committedAtMs: number | undefined;
  #readTo = 0n;

  constructor(source: LogSource, known: PlanInUse) {
    this.#source = source;
    this.#known = known;
    // What inherits from a table and is mapped itself comes after it: its rows mean what its own plan says.
    const tables = [...known.plan.tables].sort((one, other) => other.oids.length - one.oids.length);
    this.#tables = new Map(tables.flatMap((table) => table.oids.map((oid) => [oid, table])));
  }

  /** Whether there is anything to be applied. */
  get isEmpty(): boolean {
    return this.#tags.size === 0 && this.#forget === undefined;
  }

  get size(): number {
    return this.#tags.size;
  }

  get readTo(): bigint {
    return this.#readTo;
  }

  /** The server says how far it has read; all that was committed before has been sent. */
  hasReached(place: bigint): void {
    if (this.#xid === undefined && place > this.#readTo) this.#readTo = place;
  }

  /** @throws PlanOutdated before a message of which the plan does not say what it means. */
  read(bytes: Buffer): void {
    const message = decodePgoutput(bytes, this.#columnsOf);
    switch (message.kind) {
      case 'begin':
        this.#xid = message.xid;
        this.#commit = message.commit;
        this.#beganAtMs = message.committedAtMs;
        return;
      case 'commit':
        this.#xid = undefined;
        this.#readTo = message.end;
        return;
      case 'relation':
        this.#relations.set(message.oid, message);
        this.#meanings.delete(message.oid);
        this.#columns.delete(message.oid);
        return;
      case 'truncate':
        for (const oid of message.oids) this.#tableOf(oid);
        this.#forgetFor('a table was truncated');
        return;
      case 'message':
        this.#hear(message.prefix, message.content);
        return;
      case 'insert':
      case 'update':
      case 'delete': {
        const meaning = this.#meanings.get(message.oid) ?? this.#compile(message.oid);
        this.#note();
        if (meaning === 'unreadable' || !meaning(message, this.#add))
          this.#forgetFor(this.#unreadable(message.oid));
        return;
      }
      case 'other':
    }
  }

  take(): Batch {
    const batch = {
      ...{ tags: this.#tags, xids: this.#xids, forget: this.#forget },
      ...{ readTo: this.#readTo, committedAtMs: this.#committedAtMs },
    };
    this.#tags = new Map();
    this.#xids = new Set();
    this.#forget = undefined;
    this.#committedAtMs = undefined;
    return batch;
  }

  readonly #columnsOf = (oid: number): number => this.#columns.get(oid) ?? Infinity;

  readonly #add = (tag: string, version: number | null): void => {
    const known = this.#tags.get(tag);
    const latest =
      known === undefined ? version : known === null || version === null ? null : Math.max(known, version);
    this.#tags.set(tag, latest);
  };

  /** What a part of a transaction means is applied once the whole is seen by readers, which is after it is in the log. */
  #note(): void {
    if (this.#xid === undefined) return;
    this.#xids.add(this.#xid);
    this.#committedAtMs ??= this.#beganAtMs;
  }

  #forgetFor(reason: string): void {
    this.#note();
    this.#forget ??= reason;
  }

  #hear(prefix: string, content: string): void {
    const { slot, publication } = this.#source;
    if (prefix === PLAN_MESSAGE + publication) this.#hearOfPlan(content);
    if (prefix !== TAGS_MESSAGE + slot) return;
    const tags = tagsIn(content);
    this.#note();
    if (tags === undefined) this.#forgetFor('a message of tags in the log cannot be read');
    else for (const tag of tags) this.#add(tag, null);
  }

  #hearOfPlan(stamp: string): void {
    if (stamp !== this.#known.plan.stamp) this.#refuseIfLater(false);
  }

  /** All that is told of is published, and so was a mapped table or a partition of one. */
  #tableOf(oid: number): LogTable | undefined {
    const table = this.#tables.get(oid);
    if (table === undefined) this.#refuseIfLater(true);
    return table;
  }

  /** What is older than the plan changes nothing of it. */
  #refuseIfLater(hasNewTable: boolean): void {
    if (this.#xid !== undefined && !this.#known.isAfter(this.#xid, this.#commit))
      throw new PlanOutdated(this.#xid, hasNewTable);
  }

  #compile(oid: number): Meaning | 'unreadable' {
    const [table, relation] = [this.#tableOf(oid), this.#relations.get(oid)];
    const meaning = (table && relation && meaningOfRows(table, relation)) ?? 'unreadable';
    this.#meanings.set(oid, meaning);
    this.#columns.set(oid, table && relation ? columnsToRead(table, relation) : 0);
    return meaning;
  }

  #unreadable(oid: number): string {
    const name = this.#tables.get(oid)?.name;
    if (name === undefined)
      return `the log tells of changed rows of "${this.#relations.get(oid)?.name}", which is no mapped table any more, nor a partition of one`;
    return `the log does not tell enough of changed rows of the table "${name}": a column of its tags was renamed or taken away, or its REPLICA IDENTITY was changed`;
  }
}

function tagsIn(content: string): readonly string[] | undefined {
  try {
    const tags: unknown = JSON.parse(content);
    return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? tags : undefined;
  } catch {
    // Any role may write such a message.
    return undefined;
  }
}
