import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { RowField } from './row-cache.js';

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

type Reply = { readonly number: number } & { readonly result?: unknown; readonly error?: string };

export async function rowProcess(settings: RowProcessSettings): Promise<RowProcess> {
  const program = path.join(import.meta.dirname, 'row-process-program.ts');
  const child = fork(program, [JSON.stringify(settings)], { execArgv: ['--import', 'tsx'] });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  const replies = new Map<number, (reply: Reply) => void>();
  const replyTo = (number: number): Promise<Reply> =>
    new Promise((resolve) => void replies.set(number, resolve));
  child.on('message', (reply: Reply) => replies.get(reply.number)?.(reply));
  let asked = 0;
  const ask = async (request: { read: RowReads } | { write: string }): Promise<unknown> => {
    const number = (asked += 1);
    const replied = replyTo(number);
    child.send({ number, ...request });
    const { result, error } = await replied;
    if (error !== undefined) throw new Error(error);
    return result;
  };
  await Promise.race([replyTo(0), exited.then(() => Promise.reject(new Error('the process ended')))]);
  return {
    read: async (reads) => (await ask({ read: reads })) as RowAnswers,
    write: async (id) => (await ask({ write: id })) as number,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill,
  };
}
