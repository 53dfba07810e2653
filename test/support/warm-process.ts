import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export interface WarmProcessSettings {
  /** Of the Redis where entries are, and loads are written down. */
  readonly url: string;
  readonly name: string;
  /** Seconds. */
  readonly refreshEvery: number;
  readonly loadMs: number;
}

/** A process that keeps a report warm. It ends with the test at the latest. */
export interface WarmProcess {
  readonly name: string;
  /** Reads the report, or writes what it depends on. */
  ask(what: 'report' | 'write'): Promise<{ readonly outcome: string; readonly ms: number }>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

type Reply = { readonly number: number; readonly result?: { outcome: string; ms: number } };

/** Resolves when the process is warm. */
export async function warmProcess(settings: WarmProcessSettings): Promise<WarmProcess> {
  const program = path.join(import.meta.dirname, 'warm-process-program.ts');
  const child = fork(program, [JSON.stringify(settings)], { execArgv: ['--import', 'tsx'] });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  const waiting = new Map<number, (reply: Reply) => void>();
  const replyTo = (number: number): Promise<Reply> =>
    new Promise((resolve) => void waiting.set(number, resolve));
  child.on('message', (reply: Reply) => waiting.get(reply.number)?.(reply));
  await Promise.race([replyTo(0), exited.then(() => Promise.reject(new Error('the process ended')))]);
  let asked = 0;
  return {
    name: settings.name,
    kill,
    async ask(what) {
      const number = (asked += 1);
      const replied = replyTo(number);
      child.send({ number, source: what === 'write' ? 'mutation { write }' : '{ report }' });
      return (await replied).result ?? { outcome: 'none', ms: 0 };
    },
  };
}
