import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { bundled } from '../run/bundled.js';

export interface Child {
  readonly pid: number;
  /** The next line that the child prints; undefined when it has ended. */
  nextLine(): Promise<string | undefined>;
  /** Resolves once the child has printed this line; rejects when it ends without. */
  printed(line: string): Promise<void>;
  /** Kills it as a crash would, without a chance to tidy up. */
  kill(): Promise<void>;
}

/** Runs a TypeScript file of this folder in a process of its own, which ends with the test at the latest. */
export function childProcess(file: string, ...parameters: string[]): Child {
  const script = path.join(import.meta.dirname, file);
  const child = spawn(process.execPath, [bundled(script), ...parameters], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  onTestFinished(() => end(child));
  const nextLine = async (): Promise<string | undefined> => (await lines.next()).value;
  return {
    pid: child.pid ?? 0,
    nextLine,
    printed: async (line) => {
      for (let seen = await nextLine(); seen !== line; seen = await nextLine()) {
        if (seen === undefined) throw new Error(`${file} ended before it printed "${line}".`);
      }
    },
    kill: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
