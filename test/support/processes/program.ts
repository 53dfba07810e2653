import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../../src/start/package-root.js';
import { bundled } from '../run/bundled.js';

export interface ProgramOptions {
  readonly parameters?: readonly string[];
  /** All that the program sees of an environment, beside PATH. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it runs, and looks for its .env file. */
  readonly folder: string;
  /** The program itself; default src/server.ts. */
  readonly file?: string;
  /** Told how to end it; by default it ends with the test at the latest. */
  readonly atEnd?: (end: () => Promise<void>) => void;
}

export interface Program {
  readonly child: ChildProcess;
  /** Everything printed so far, by both channels. */
  printed(): string;
  /** Resolves once the pattern was printed; rejects when the program ends without it. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when the program has ended. */
  ended(): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

const server = path.join(packageRoot, 'src', 'server.ts');

/** Runs src/server.ts as a process of its own, which ends with the test at the latest. */
export function startProgram({
  parameters = [],
  environment = {},
  folder,
  file = server,
  atEnd = onTestFinished,
}: ProgramOptions): Program {
  const child = spawn(process.execPath, [bundled(file), ...parameters], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const closed = once(child, 'close');
  atEnd(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  const printed = (): string => stdout + stderr;
  return {
    child,
    printed,
    async prints(pattern) {
      for (;;) {
        const match = pattern.exec(printed());
        if (match !== null) return match;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`The program ended without ${pattern}:\n${printed()}`);
        await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), closed]);
      }
    },
    async ended() {
      await closed;
      return { code: child.exitCode, stdout, stderr };
    },
  };
}
