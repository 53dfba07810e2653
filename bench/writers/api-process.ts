import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface ApiSettings {
  readonly source: 'triggers' | 'log';
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** The processes with the same one share a store. */
  readonly prefix: string;
  /** Which of how many processes it is. */
  readonly number: number;
  readonly of: number;
}

/** A process of an API over a database that others write to. */
export interface ApiProcess {
  /** Changes rows past the cache while the work lasts; resolves with the milliseconds until each change was read. */
  probeWhile(work: () => Promise<void>): Promise<readonly number[]>;
  stop(): Promise<void>;
}

const STOP_WITHIN_MS = 10_000;

export async function startApi(settings: ApiSettings, signal: AbortSignal): Promise<ApiProcess> {
  const program = path.join(import.meta.dirname, 'api-program.js');
  const child = fork(program, [JSON.stringify(settings)], { signal, killSignal: 'SIGKILL' });
  child.on('error', () => undefined);
  const exited = once(child, 'exit');
  const ended = exited.then((): never => {
    throw new Error('a process of the API ended before it was told to');
  });
  ended.catch(() => undefined);
  const answer = async (): Promise<object> => {
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return message as object;
  };
  await answer();
  return {
    probeWhile: async (work) => {
      child.send('probe');
      await work();
      const answered = answer();
      child.send('end of probe');
      return ((await answered) as { lagsMs: number[] }).lagsMs;
    },
    stop: async () => {
      if (child.connected) child.send('stop');
      const bound = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exited;
      clearTimeout(bound);
    },
  };
}
