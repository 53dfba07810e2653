import { decodePgoutput, type RelationMessage } from './decode-pgoutput.js';
import { readLogPlan, type LogPlan, type LogTable } from './log-plan.js';
import { columnsToRead, meaningOfRows, type Meaning } from './meaning-of-rows.js';

/** Messages that a start writes into the log: from here on rows mean what this plan says. */
export const PLAN_MESSAGE = 'corral plan';
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

/** Turns messages of the log into tags, a transaction after the other; a long one may be taken in parts. */
export class Changes {
  readonly #slot: string;
  #tables = new Map<number, LogTable>();
  readonly #relations = new Map<number, RelationMessage>();
  readonly #meanings = new Map<number, Meaning | 'ignored' | 'unreadable'>();
  /** Of each table that has a meaning: what of its rows that asks for. */
  readonly #columns = new Map<number, number>();
  #tags = new Map<string, number | null>();
  #xids = new Set<number>();
  #forget: string | undefined;
  #xid: number | undefined;
  #beganAtMs = 0;
  #committedAtMs: number | undefined;
  #readTo = 0n;

  constructor(slot: string, plan: LogPlan) {
    this.#slot = slot;
    this.#use(plan);
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

  read(bytes: Buffer): void {
    const message = decodePgoutput(bytes, this.#columnsOf);
    switch (message.kind) {
      case 'begin':
        this.#xid = message.xid;
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
        if (message.oids.some((oid) => this.#tables.has(oid))) this.#forgetFor('a table was truncated');
        return;
      case 'message':
        this.#hear(message.prefix, message.content);
        return;
      case 'insert':
      case 'update':
      case 'delete': {
        const meaning = this.#meanings.get(message.oid) ?? this.#compile(message.oid);
        if (meaning === 'ignored') return;
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
    if (prefix === PLAN_MESSAGE) {
      const plan = readLogPlan(content);
      // A version that this one does not understand watches more.
      if (plan === undefined) this.#forgetFor('a later version has changed what is read of the log');
      else this.#use(plan);
    }
    if (prefix !== TAGS_MESSAGE + this.#slot) return;
    const tags: unknown = JSON.parse(content);
    this.#note();
    if (Array.isArray(tags)) for (const tag of tags) this.#add(String(tag), null);
  }

  #use({ tables }: LogPlan): void {
    this.#tables = new Map(tables.flatMap((table) => table.oids.map((oid) => [oid, table])));
    this.#meanings.clear();
    this.#columns.clear();
  }

  #compile(oid: number): Meaning | 'ignored' | 'unreadable' {
    const [table, relation] = [this.#tables.get(oid), this.#relations.get(oid)];
    const meaning =
      table === undefined ? 'ignored' : ((relation && meaningOfRows(table, relation)) ?? 'unreadable');
    this.#meanings.set(oid, meaning);
    this.#columns.set(oid, table && relation ? columnsToRead(table, relation) : 0);
    return meaning;
  }

  #unreadable(oid: number): string {
    const name = this.#tables.get(oid)?.name ?? '';
    return `the log does not tell enough of changed rows of the table "${name}": a column of its tags was renamed or taken away, or its REPLICA IDENTITY was changed`;
  }
}
