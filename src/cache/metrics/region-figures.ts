/** What became of mutations that wait for all stores, since the start. */
export interface RegionWrites {
  /** Every store had applied them before they were answered. */
  all: number;
  /** A store that was waited for had not, in time. */
  late: number;
  /** One had not that was not seen for long, or was behind for long, and so was not waited for. */
  unseen: number;
}

/** Another store of the outbox, as this process saw it last. */
export interface RegionState {
  readonly store: string;
  /**
   * Milliseconds after which it had applied what was committed, and a quarter more: the longest of the last minute or two with writes, or of
   * what it has not applied yet. Absent before the first write.
   */
  readonly lagMs?: number;
  /** Milliseconds since a process of it looked with success. */
  readonly unseenForMs: number;
  /** False where it was not seen, or was behind, for so long that no write waits for it. */
  readonly isWaitedFor: boolean;
}

/** The other stores of the outbox, as those of other regions. */
export interface RegionFigures {
  readonly stores: readonly RegionState[];
  /** Of the slowest; absent where none is known. */
  readonly lagMs?: number;
  /** With `acknowledge: 'all'`; otherwise all 0. */
  readonly writes: Readonly<RegionWrites>;
}

/** Where no region is spoken of there are none. */
export const NO_REGIONS: RegionFigures = { stores: [], writes: { all: 0, late: 0, unseen: 0 } };
