import type { DeadLetter } from './cache/index.js';

/** What the database refused for good of the writes that were accepted, for those who look after the API. */
export interface DeadLetters {
  list(): Promise<readonly DeadLetter[]>;
  /** True where it is flushed once more; false where there is no such letter, or a newer write waits already. */
  replay(key: string): Promise<boolean>;
}
