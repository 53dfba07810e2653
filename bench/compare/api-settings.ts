import { z } from 'zod';
import { contestantNames } from './contestants/names.js';

/** What the process of a contestant is told when it starts. */
export const apiSettings = z.object({
  contestant: z.enum(contestantNames),
  /** Undefined: an embedded database in the memory of the process, with the demo data. */
  databaseUrl: z.string().optional(),
  /** Undefined: a store in the memory of the process. */
  redisUrl: z.string().optional(),
  /** The first part of its keys in Redis. */
  prefix: z.string(),
  /** By how much lifetimes are shorter, as a day passes in a run. */
  timesFaster: z.number(),
});
export type ApiSettings = Readonly<z.infer<typeof apiSettings>>;

/** What a process answers to `usage`: counts since its start. */
export const apiUsage = z.object({
  /** SQL statements, those of the relay of the outbox left out. */
  statements: z.number(),
  /** Reads of cached fields; 0 without a cache. */
  reads: z.number(),
  hits: z.number(),
  cpuMs: z.number(),
});
export type ApiUsage = Readonly<z.infer<typeof apiUsage>>;

/** What it answers to `ratings`: how many each film has in the database. */
export const ratingCounts = z.record(z.string(), z.number());
export type RatingCounts = Readonly<z.infer<typeof ratingCounts>>;
