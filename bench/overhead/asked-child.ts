import type { ChildProcess, Serializable } from 'node:child_process';

/** A child process that answers each message by one of its own. */
export interface AskedChild {
  /** Its next message. @throws Error where it ends before. */
  answer(): Promise<unknown>;
  ask(message: Serializable): Promise<unknown>;
  /** Resolves when it has ended, by itself or not. */
  readonly exited: Promise<void>;
}

/** `what` it is called where it ends too early. */
export function askedChild(child: ChildProcess, what: string): AskedChild {
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ended = exited.then((): never => {
    throw new Error(`${what} ended before it was told to`);
  });
  // It may end while nothing waits for an answer; the next question says so.
  ended.catch(() => undefined);
  const answer = (): Promise<unknown> =>
    Promise.race([new Promise<unknown>((resolve) => child.once('message', resolve)), ended]);
  return {
    answer,
    ask: (message) => {
      const answered = answer();
      child.send(message);
      return answered;
    },
    exited,
  };
}
