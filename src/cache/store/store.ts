import type { MaybePromise } from '../maybe-promise.js';

/** Names an entry and the tags it depends on; the key itself is always a tag and is not repeated in `tags`. */
export interface EntryAddress {
  readonly key: string;
  readonly tags: readonly string[];
}

/** What a read finds: the bytes, and the present generations of the address's tags, in their order. */
export interface Reading {
  readonly bytes: Uint8Array | undefined;
  readonly generations: readonly (string | undefined)[];
}

/** An entry on its way into the store. */
export interface Fill extends EntryAddress {
  readonly bytes: Uint8Array;
  /** The generations captured before the load began: of the key, then of each tag. */
  readonly generations: readonly string[];
  /** Milliseconds after which the store forgets the entry; > 0. */
  readonly keepForMs: number;
}

/**
 * `outdated`: the key was invalidated, or its generation lost, since the load began. `no-room`: the entry alone is
 * larger than the store. In both cases nothing was stored.
 */
export type FillOutcome = 'stored' | 'outdated' | 'no-room';

/**
 * Where entries rest. One contract, many implementations, one contract suite (`test/contracts/store-contract.ts`).
 * Every operation takes a batch and answers in its order. Every operation is safe when it runs late or twice.
 */
export interface Store {
  /** The tier in evidence and metrics: `memory`, `redis`. */
  readonly name: string;
  /** True where a read is answered at once, in this process, without a round trip. */
  readonly isLocal: boolean;
  /** Reads entries together with the present generations of their tags. */
  read(addresses: readonly EntryAddress[]): MaybePromise<readonly Reading[]>;
  /** The generations of each key and its tags, created where missing. Called before a load begins. */
  capture(addresses: readonly EntryAddress[]): MaybePromise<readonly (readonly string[])[]>;
  /** Stores entries whose own generation is still the captured one. */
  fill(fills: readonly Fill[]): MaybePromise<readonly FillOutcome[]>;
  /** Gives each tag a new generation, and deletes the entry whose key it is, in one atomic step per tag. */
  invalidate(tags: readonly string[]): MaybePromise<void>;
  /** True while the store cannot be reached and every operation is refused at once. Absent: it never is. */
  isAway?(): boolean;
  close(): MaybePromise<void>;
}
