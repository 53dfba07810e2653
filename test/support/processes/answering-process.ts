import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { bundled } from '../run/bundled.js';

/** What such a process sends: number 0 once it is ready, then one for each request. */
export type Reply = { readonly number: number } & { readonly result?: unknown; readonly error?: string };

/** A process of its own that answers what it is asked by messages. It ends with the test at the latest. */
export interface AnsweringProcess {
  readonly child: ChildProcess;
  /** Rejects where the process says that it failed. */
  ask(request: object): Promise<unknown>;
  /** Ends it as a crash would. What it was asked for stays without an answer. */
  kill(): Promise<void>;
}

/** Starts a program of this folder with these settings; resolves when it is ready. */
export async function answeringProcess(program: string, settings: object): Promise<AnsweringProcess> {
  const file = path.join(import.meta.dirname, program);
  const child = fork(bundled(file), [JSON.stringify(settings)], { execArgv: [] });
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
  const ask = async (request: object): Promise<unknown> => {
    const number = (asked += 1);
    const replied = replyTo(number);
    child.send({ number, ...request });
    const { result, error } = await replied;
    if (error !== undefined) throw new Error(error);
    return result;
  };
  await Promise.race([replyTo(0), exited.then(() => Promise.reject(new Error('the process ended')))]);
  return { child, ask, kill };
}
