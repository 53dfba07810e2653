import { runCorral } from '../../src/cache/command/program.js';
import type { Surroundings } from '../../src/cache/command/surroundings.js';

export interface Ran {
  readonly code: number;
  /** What went to the standard output, and to that of errors. */
  readonly out: string;
  readonly err: string;
}

/** Runs the command line in this process. */
export async function corral(words: readonly string[], given: Partial<Surroundings> = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCorral(words, {
    environment: {},
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    ...given,
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}
