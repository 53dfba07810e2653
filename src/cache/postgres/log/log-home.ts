import { createHash } from 'node:crypto';
import { DEFAULT_SCHEMA, homeOf, type Home } from '../home.js';

/** PostgreSQL cuts longer names. */
const LONGEST_NAME = 63;

/** What of a database belongs to the log of one outbox. */
export interface LogHome extends Home {
  /** The publication of the mapped tables, which all stores of the outbox read. */
  readonly publication: string;
  /** The table of stores that read the log, as SQL names it. */
  readonly readers: string;
}

export function logHomeOf(schema: string): LogHome {
  const home = homeOf(schema);
  return {
    ...home,
    publication: schema === DEFAULT_SCHEMA ? 'corral' : fitting(`corral_${schema}`),
    readers: `${home.quoted}."CacheLogReader"`,
  };
}

/** Slots belong to the whole server, so the database and the schema are a part of the name. */
export function slotNameOf(database: string, schema: string, store: string): string {
  const readable = store
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .slice(0, 40);
  return `corral_${readable}_${digest(`${database}\n${schema}\n${store}`)}`;
}

/** A store that wants the log, and whether everything in it must be forgotten before it may be believed. */
export function readersTable({ readers }: LogHome): string {
  return `
    CREATE TABLE IF NOT EXISTS ${readers} (
      "slot" text NOT NULL,
      "store" text NOT NULL,
      "mustForget" boolean NOT NULL DEFAULT true,
      "seenAt" timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
      CONSTRAINT "CacheLogReader_pkey" PRIMARY KEY ("slot")
    );`;
}

/** What a role needs that runs the API and owns nothing, besides REPLICATION. */
export function logRightsOf({ quoted, readers }: LogHome, role: string): string {
  return `
    GRANT USAGE ON SCHEMA ${quoted} TO ${role};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${readers} TO ${role};`;
}

function fitting(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  return `${name.slice(0, 12)}_${digest(name)}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
