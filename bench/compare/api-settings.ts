import type { ContestantName } from './contestants/names.js';

/** What the process of a contestant is told when it starts. */
export interface ApiSettings {
  readonly contestant: ContestantName;
  /** Undefined: an embedded database in the memory of the process, with the demo data. */
  readonly databaseUrl: string | undefined;
  /** Undefined: a store in the memory of the process. */
  readonly redisUrl: string | undefined;
  /** The first part of its keys in Redis. */
  readonly prefix: string;
  /** By how much lifetimes are shorter, as a day passes in a run. */
  readonly timesFaster: number;
}

/** What a process answers to `usage`: counts since its start. */
export interface ApiUsage {
  /** SQL statements, those of the relay of the outbox left out. */
  readonly statements: number;
  /** Reads of cached fields; 0 without a cache. */
  readonly reads: number;
  readonly hits: number;
  readonly cpuMs: number;
}

/** What it answers to `ratings`: how many each film has in the database. */
export type RatingCounts = Readonly<Record<string, number>>;
