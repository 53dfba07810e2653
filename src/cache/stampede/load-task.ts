import type { Wanted } from '../coherence/entries.js';
import type { Found } from '../coherence/entry-field.js';
import type { Lease } from '../store/store.js';
import type { PendingLoad, RunningLoads } from './pending-load.js';

/** What a reader, or a refresh that no reader waits for, wants loaded. */
export interface LoadRequest extends Wanted {
  /** True where it may be a part of another load. */
  readonly isPart?: boolean;
  /** The loads whose code asks, and waits for it. */
  readonly within?: RunningLoads | undefined;
  /** For a refresh: what is refreshed. It is left alone where another load is under way, or was made since. */
  readonly refreshes?: Found | undefined;
  /** For a reader who wants a fresh value: what was loaded before is no answer, and a load of another is waited for. */
  readonly sinceMs?: number | undefined;
}

/** Whether a reader has no answer before the load has ended. */
export function isWaitedFor({ refreshes, sinceMs }: Pick<LoadRequest, 'refreshes' | 'sinceMs'>): boolean {
  return refreshes === undefined || sinceMs !== undefined;
}

/** A load that falls to this process, for itself and for all who wait. It settles its flight. */
export interface LoadTask<W, T> {
  readonly wanted: W;
  /** As they were before the load began; undefined while the store cannot tell them. */
  readonly generations: readonly string[] | undefined;
  /** Another one where it was lost and given anew: see `LeaseKeeper.hand`. */
  lease: Lease | undefined;
  readonly flight: PendingLoad<T>;
}

/** Makes many loads, in one call of the origin where it can. Settles every flight. */
export type RunLoads<W, T> = (tasks: readonly LoadTask<W, T>[]) => Promise<void>;
