import type { Redis } from 'ioredis';
import type { CacheLog } from '../../log.js';

export interface PlaceOptions {
  readonly log: CacheLog;
  /**
   * `away`: what lies there cannot be asked any more. `moved`: another run of a server, or another server, is there than before,
   * and not asked yet.
   */
  readonly onDoubt: (why: 'away' | 'moved', shard: number) => void;
}

/** Where the shards of a journal lie: on one server, or on the nodes of a cluster. */
export interface JournalPlace {
  /** @throws CacheError where a server answers and is not what is declared, or refuses what the journal needs. */
  open(options: PlaceOptions): Promise<void>;
  /** Whether nothing there can be asked. */
  isAway(shard?: number): boolean;
  mayAccept(shard?: number): boolean;
  /** The time of the server that a shard lies on, in microseconds: it may be that late, and not earlier. */
  usOf(shard: number): number;
  /** The same, or of any server there: it may be that early, and not later. */
  latestUs(shard?: number): number;
  /** Names the run of the server that a shard lies on; without spaces. */
  runOf(shard: number): string;
  hasWaitAof(shard: number): boolean;
  /** Runs commands where a shard lies. @throws Error why they failed, or that there was no answer in time. */
  ask<T>(shard: number, commands: (redis: Redis) => Promise<T>): Promise<T>;
  /** As `ask`, for what waits for replicas: it holds up nothing else. */
  askConfirmed<T>(shard: number, commands: (redis: Redis) => Promise<T>): Promise<T>;
  /** Asks the server of a shard for its time and for what it keeps, soon. */
  lookAgain(shard: number): void;
  close(): void;
}
