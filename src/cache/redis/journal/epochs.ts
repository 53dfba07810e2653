import { randomUUID } from 'node:crypto';

/** The field of the pending writes that names their epoch; no key is called so, as keys have a namespace. */
export const EPOCH_FIELD = '~epoch';

/** What an answer of the server says of a shard. */
export interface SeenEpoch {
  /** What was found; undefined or empty for none. */
  readonly found: string | undefined;
  /** What is there now, where that is another one. */
  readonly present?: string | undefined;
  /** How many writes are pending, where that was asked for. */
  readonly pending?: number;
}

/** Told of a shard, and of how many writes were pending there, where what was known of it does not hold any more. */
type EpochDoubt = (why: 'moved' | 'robbed', about: { readonly index: number; readonly held: number }) => void;

interface Shard {
  epoch: string | undefined;
  held: number;
}

/**
 * The epochs of a journal's shards, as this process has seen them last. An epoch is `{run of the server} {name}` and lies in
 * the same hash as the pending writes: what takes those away takes it along.
 */
export class Epochs {
  readonly #onDoubt: EpochDoubt;
  readonly #shards: readonly Shard[];
  readonly #process = randomUUID();
  #named = 0;

  constructor(shards: number, onDoubt: EpochDoubt) {
    this.#onDoubt = onDoubt;
    this.#shards = Array.from({ length: shards }, () => ({ epoch: undefined, held: 0 }));
  }

  /** A name for an epoch that may begin; never the same twice. */
  nextName(): string {
    this.#named += 1;
    return `${this.#process}.${this.#named}`;
  }

  /** Compares an answer with what was known, and tells what follows from it. */
  noticed(index: number, { found, present = found, pending }: SeenEpoch): void {
    const shard = this.#shards[index];
    if (shard === undefined) return;
    const { epoch: known, held } = shard;
    shard.epoch = present === '' ? undefined : present;
    if (pending !== undefined) shard.held = pending;
    // Of another run: the server has read it from a file, or has it from a primary that is no more.
    if (found && found !== present) this.#onDoubt('moved', { index, held: 0 });
    else if (known === undefined || found === known) return;
    else if (found && runOf(found) !== runOf(known)) this.#onDoubt('moved', { index, held: 0 });
    else this.#onDoubt('robbed', { index, held });
  }

  /** Tells where something else is known by now than an earlier answer said; what was lost then has been counted. */
  stillIs(index: number, epoch: string | undefined): void {
    if (this.#shards[index]?.epoch !== epoch) this.#onDoubt('moved', { index, held: 0 });
  }
}

function runOf(epoch: string): string {
  return epoch.slice(0, epoch.indexOf(' '));
}
