import { answeringProcess } from './answering-process.js';
import type { RowField } from '../worlds/row-cache.js';

export interface RowProcessSettings {
  /** Of the Redis that holds both the rows and what is cached. */
  readonly url: string;
  /** A fault that the test must notice. */
  readonly plant?: 'leases-for-all' | 'foreign-release' | 'blind-fill';
}

/** So many reads of one row, all at the same time. */
export interface RowReads {
  readonly field: RowField;
  readonly id: string;
  readonly times: number;
  /** How long a load takes in this process from now on. */
  readonly loadMs: number;
}

export interface RowAnswers {
  readonly versions: readonly number[];
  /** From the call to the answer, measured where the reader is. */
  readonly latenciesMs: readonly number[];
}

export type RowRequest = { readonly number: number } & (
  { readonly read: RowReads } | { readonly write: string }
);

/** A process with a cache of rows. It ends with the test at the latest. */
export interface RowProcess {
  read(reads: RowReads): Promise<RowAnswers>;
  write(id: string): Promise<number>;
  /** Stops it where it is, as a debugger or an overloaded machine would. */
  pause(): void;
  resume(): void;
  /** Ends it as a crash would. What it was asked for stays without an answer. */
  kill(): Promise<void>;
}

export async function rowProcess(settings: RowProcessSettings): Promise<RowProcess> {
  const { child, ask, kill } = await answeringProcess('row-process-program.ts', settings);
  return {
    read: async (reads) => (await ask({ read: reads })) as RowAnswers,
    write: async (id) => (await ask({ write: id })) as number,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill,
  };
}
