import { fork, type ChildProcess } from 'node:child_process';

/**
 * V8 notes, while a process warms up, which objects survive, and may put all later ones of their kind among the old at once.
 * About one process in five draws a kind that dies young, and is then slower by a third for all its life, constants too. That
 * would be compared instead of the servers.
 */
const STEADY = '--no-allocation-site-pretenuring';

/** Starts a program as it runs in production, in a process that can be compared with others. */
export function forkSteady(program: string, words: readonly string[], signal: AbortSignal): ChildProcess {
  const child = fork(program, words, {
    execArgv: [STEADY],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    signal,
    killSignal: 'SIGKILL',
  });
  // An aborted signal and a message to a dead process are told here; both show as its end.
  child.on('error', () => undefined);
  return child;
}
