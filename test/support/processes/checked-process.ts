import { answeringProcess } from './answering-process.js';

export interface CheckedSettings {
  /** Of the Redis that processes share, in any form that the API reads. */
  readonly cacheUrl: string;
  /** Of the server that stands for the database. */
  readonly rowsUrl: string;
  /** Its servers seem to have one history for ever: what a promoted replica has missed is not noticed. */
  readonly plant?: 'one-history' | undefined;
}

/** A row, as an entry: its key, and what else ends it. */
export interface CheckedRow {
  readonly key: string;
  readonly tags: readonly string[];
}

export interface CheckedAnswer {
  readonly version: number;
  /** Whether it came without a load. */
  readonly isHit: boolean;
  /** From the call to the answer, measured where the reader is. */
  readonly latencyMs: number;
}

/** Rows whose versions go up, and the tag that ends their entries afterwards. */
export interface CheckedWrite {
  readonly keys: readonly string[];
  readonly tag: string;
}

export type CheckedRequest = { readonly number: number } & (
  { readonly read: CheckedRow } | { readonly write: CheckedWrite } | { readonly asks: 'whether it is away' }
);

/** A process with a cache whose answers are checked. It has applied all of its outbox: only servers say what they have missed. */
export interface CheckedProcess {
  read(row: CheckedRow): Promise<CheckedAnswer>;
  /** The new versions, once the write is acknowledged. Rejects where it is not. */
  write(write: CheckedWrite): Promise<readonly number[]>;
  /** True where the store is away, or a part of it. */
  isAway(): Promise<boolean>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

export async function checkedProcess(settings: CheckedSettings): Promise<CheckedProcess> {
  const { ask, kill } = await answeringProcess('checked-process-program.ts', settings);
  return {
    read: async (row) => (await ask({ read: row })) as CheckedAnswer,
    write: async (write) => (await ask({ write })) as readonly number[],
    isAway: async () => (await ask({ asks: 'whether it is away' })) as boolean,
    kill,
  };
}
