import type { CacheReport } from '../../../src/cache/types/index.js';
import { answeringProcess } from './answering-process.js';

export interface CountedProcessSettings {
  /** Of the Redis that the processes share. */
  readonly url: string;
  readonly prefix: string;
  /** A fault that the test must notice: the process tells the others nothing. */
  readonly plant?: 'tells-nothing';
}

/** What a generator of load has counted itself. */
export interface Counted {
  readonly requests: number;
  /** Calls of the resolver. */
  readonly loads: number;
}

export type CountedRequest = { readonly number: number } & (
  { readonly load: { readonly requests: number; readonly ids: number } } | { readonly report: true }
);

/** A process that reads a cached field, and counts that itself. It ends with the test at the latest. */
export interface CountedProcess {
  load(load: { readonly requests: number; readonly ids: number }): Promise<Counted>;
  report(): Promise<CacheReport>;
  kill(): Promise<void>;
}

export async function countedProcess(settings: CountedProcessSettings): Promise<CountedProcess> {
  const { ask, kill } = await answeringProcess('counted-process-program.ts', settings);
  return {
    kill,
    load: async (load) => (await ask({ load })) as Counted,
    report: async () => (await ask({ report: true })) as CacheReport,
  };
}
