import { answeringProcess } from './answering-process.js';

export interface WarmProcessSettings {
  /** Of the Redis where entries are, and loads are written down. */
  readonly url: string;
  readonly name: string;
  /** Seconds. */
  readonly refreshEvery: number;
  readonly loadMs: number;
}

export interface WarmAnswer {
  readonly outcome: string;
  readonly ms: number;
}

/** A process that keeps a report warm. It ends with the test at the latest. */
export interface WarmProcess {
  readonly name: string;
  /** Reads the report, or writes what it depends on. */
  ask(what: 'report' | 'write'): Promise<WarmAnswer>;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Resolves when the process is warm. */
export async function warmProcess(settings: WarmProcessSettings): Promise<WarmProcess> {
  const { ask, kill } = await answeringProcess('warm-process-program.ts', settings);
  return {
    name: settings.name,
    kill,
    ask: async (what) =>
      (await ask({ source: what === 'write' ? 'mutation { write }' : '{ report }' })) as WarmAnswer,
  };
}
