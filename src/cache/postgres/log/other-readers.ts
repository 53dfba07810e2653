import type { OthersSeen } from '../../outbox/outbox.js';
import type { OutboxPool } from '../pool-option.js';
import { asciiJson } from './ascii-json.js';
import { FLUSH_MESSAGE, TAGS_MESSAGE } from './changes.js';
import type { LogHome } from './log-home.js';
import { endOfRecords, readLsn } from './lsn.js';
import { FORSAKEN } from './slots.js';

interface ReaderRow {
  readonly name: string;
  readonly written: string;
  readonly flushed: string;
  readonly applied: string;
  readonly unseenForMs: number;
}

/** Stores that read the log beside this one: what they have confirmed, and how they are told of tags. */
export class OtherReaders {
  readonly #pool: OutboxPool;
  readonly #home: LogHome;
  readonly #slot: string;

  constructor(pool: OutboxPool, home: LogHome, slot: string) {
    this.#pool = pool;
    this.#home = home;
    this.#slot = slot;
  }

  /** What was written without waiting for the disk is not sent, so where another store is behind it is written by force. */
  async seen(): Promise<OthersSeen> {
    // What one has that must forget everything first may be older than what it has confirmed.
    const { rows } = await this.#pool.query<ReaderRow>(
      `SELECT r."store" AS name, pg_current_wal_insert_lsn()::text AS written, pg_current_wal_flush_lsn()::text AS flushed,
              CASE WHEN r."mustForget" THEN '0/0' ELSE coalesce(s.confirmed_flush_lsn::text, '0/0') END AS applied,
              date_part('epoch', clock_timestamp() - r."seenAt") * 1000 AS "unseenForMs"
       FROM ${this.#home.readers} AS r LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.slot_name = r."slot"
       WHERE r."slot" <> $1 AND NOT ${FORSAKEN}`,
      [this.#slot],
    );
    const place = endOfRecords(readLsn(rows[0]?.written ?? '0/0'));
    const stores = rows.map(({ name, applied, unseenForMs }) => ({
      ...{ name, unseenForMs, appliedTo: readLsn(applied) },
    }));
    if (readLsn(rows[0]?.flushed ?? '0/0') < place && stores.some(({ appliedTo }) => appliedTo < place))
      await this.#pool.query(`SELECT pg_logical_emit_message(true, '${FLUSH_MESSAGE}', '')`);
    return { place, stores };
  }

  async tell(tags: readonly string[] | 'all'): Promise<void> {
    if (tags === 'all') {
      await this.#pool.query(`UPDATE ${this.#home.readers} SET "mustForget" = true WHERE "slot" <> $1`, [
        this.#slot,
      ]);
      return;
    }
    await this.#pool.query(
      `SELECT pg_logical_emit_message(true, $1 || r."slot", $2) FROM ${this.#home.readers} AS r WHERE r."slot" <> $3`,
      [TAGS_MESSAGE, asciiJson(tags), this.#slot],
    );
  }
}
