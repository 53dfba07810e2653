import { askedChild } from '../../overhead/asked-child.js';
import { forkSteady } from '../../overhead/fork-steady.js';

/** What a companion is told; it answers each once it is done. */
export type CompanionMessage = { readonly say: 'begin' | 'end' } | { readonly cold: string };

/** The answer: how often it has loaded a cold key since the start. */
export interface CompanionAnswer {
  readonly coldLoads: number;
}

/** Another process over the same Redis. */
export interface Companion {
  /** From now on it reads hits, one after the other. */
  begin(): Promise<void>;
  end(): Promise<void>;
  readCold(name: string): Promise<void>;
  coldLoads(): number;
  stop(): Promise<void>;
}

/** Starts one; resolves once it has read all rows. It ends with this process at the latest. */
export async function startCompanion(program: string, words: readonly string[]): Promise<Companion> {
  const stopping = new AbortController();
  const child = forkSteady(program, words, stopping.signal);
  const { answer, ask, exited } = askedChild(child, 'a companion');
  let coldLoads = 0;
  const tell = async (message: CompanionMessage): Promise<void> => {
    ({ coldLoads } = (await ask(message)) as CompanionAnswer);
  };
  await answer();
  return {
    begin: () => tell({ say: 'begin' }),
    end: () => tell({ say: 'end' }),
    readCold: (cold) => tell({ cold }),
    coldLoads: () => coldLoads,
    stop: async () => {
      stopping.abort();
      await exited;
    },
  };
}
