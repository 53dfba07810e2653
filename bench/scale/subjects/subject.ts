export const operationNames = ['read hit', 'invalidate', 'miss and fill', 'cold key'] as const;
export type OperationName = (typeof operationNames)[number];

/** What is done again and again, one after the other. */
export interface Operation {
  /** How often in a turn. */
  readonly times: number;
  /** Makes what must be there before a turn of it; not measured. */
  readonly prepare?: () => Promise<void>;
  /** Does it once, for the `at`-th time since the start. */
  readonly run: (at: number) => Promise<void>;
  /** Sees that it has done what it should; not measured. @throws Error where it has not. */
  readonly check?: () => Promise<void>;
}

/** A cache with something in it, of one size. */
export interface Subject {
  /** Entries that it has. */
  readonly entries: number;
  /** How often a turn does all of its operations, one after the other; what is small takes too little time to be measured once. */
  readonly cycles: number;
  /** In the order in which they take their turns. */
  readonly operations: Readonly<Partial<Record<OperationName, Operation>>>;
  /** Questions to the origin since the start, of all its processes. */
  loads(): number;
  close(): Promise<void>;
}

/** Weighty work is done less often in a turn, and never less than some times. */
export function timesOf(usual: number, weight: number): number {
  return Math.max(3, Math.round(usual / Math.max(1, weight)));
}
