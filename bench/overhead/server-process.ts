import path from 'node:path';
import type { Usage } from '../servers/told.js';
import type { ServerName } from '../servers/server-names.js';
import { askedChild } from './asked-child.js';
import { forkSteady } from './fork-steady.js';

/** A measured server in a process of its own. */
export interface ServerProcess {
  readonly name: string;
  readonly url: string;
  usage(): Promise<Usage>;
  /** Sends a message that its program knows, and resolves with the answer. */
  ask(message: string): Promise<unknown>;
  /** Notes where its time goes during `work`, and writes that to a file. */
  profiled<Result>(file: string, work: () => Promise<Result>): Promise<Result>;
  /** Resolves when it has ended; safe to call when it ended by itself. */
  stop(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
}

export interface ServerProcessOptions {
  readonly redisUrl: string;
  /** A PostgreSQL for the servers that have a database; without it each keeps its own in memory. */
  readonly databaseUrl: string | undefined;
  /** Ends the server at once, at any time. */
  readonly signal: AbortSignal;
}

const STOP_WITHIN_MS = 10_000;

/** Starts a server; resolves when it listens. It ends with this process at the latest. */
export async function startServer(name: ServerName, options: ServerProcessOptions): Promise<ServerProcess> {
  const { redisUrl, databaseUrl = '', signal } = options;
  const program = path.join(import.meta.dirname, '..', 'servers', 'program.js');
  return startProgram(name, { program, words: [name, redisUrl, databaseUrl], signal });
}

/** A program that answers the messages of bench/servers/told.ts. */
export interface MeasuredProgram {
  readonly program: string;
  readonly words: readonly string[];
  /** Ends the server at once, at any time. */
  readonly signal: AbortSignal;
}

/** Starts a program as a measured server of that name; resolves when it listens. It ends with this process at the latest. */
export async function startProgram(
  name: string,
  { program, words, signal }: MeasuredProgram,
): Promise<ServerProcess> {
  const child = forkSteady(program, words, signal);
  const { answer, ask, exited } = askedChild(child, `the server ${name}`);
  const started = (await answer()) as object;
  return {
    name,
    url: 'url' in started ? String(started.url) : '',
    ask,
    usage: async () => (await ask('usage')) as Usage,
    profiled: async (file, work) => {
      await ask('profile');
      const result = await work();
      await ask(file);
      return result;
    },
    stop: async () => {
      if (child.connected) child.send('stop');
      const bound = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(bound);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
