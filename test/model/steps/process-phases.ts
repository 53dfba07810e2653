import type { Rules } from '../rules.js';
import type { State } from '../visited.js';
import { get, processAt, PROCESS, READER, readerAt, READERS } from '../world.js';
import { ENTRY_HELD, GENERATIONS_HELD, missing, TAGS_ACQUIRED } from './reader-phases.js';

/** How far a process is with rejoining the store; from FORGETTING on, how many steps of that are done. */
export const IN_USE = 0;
export const LOST = 1;
export const LOOKED_EARLY = 2;
export const CONNECTED = 3;
export const SAME_RUN = 4;
export const WAITING = 5;
export const FORGETTING = 10;

/** Invalidations that failed: before this pass of rejoining, or during it. */
export const MISSED_BEFORE = 1;
export const MISSED_MEANWHILE = 2;

export const phaseOf = (state: State, process: number): number =>
  get(state, processAt(process) + PROCESS.phase);

/** Whether the process of the readers may use the store. */
export const usesStore = (state: State): boolean => phaseOf(state, 0) === IN_USE;

/** An invalidation gets through while the store is in use, and while it is being rejoined. */
export function mayInvalidate(state: State, process: number | undefined): boolean {
  if (process === undefined) return true;
  const phase = phaseOf(state, process);
  return phase === IN_USE || phase >= CONNECTED;
}

/** An invalidation failed: the process stops using the store, or goes through its rejoining once more. */
export function noteMissed(next: State, rules: Rules, process: number | undefined): void {
  if (process === undefined) return;
  const missed = processAt(process) + PROCESS.missed;
  if (phaseOf(next, process) >= CONNECTED) {
    next[missed] = MISSED_MEANWHILE;
    return;
  }
  next[missed] = MISSED_BEFORE;
  if (phaseOf(next, process) === IN_USE) loseConnection(next, rules, process);
}

export function loseConnection(next: State, rules: Rules, process: number): void {
  const place = processAt(process);
  next[place + PROCESS.phase] = LOST;
  next[place + PROCESS.run] = 0;
  next[place + PROCESS.waits] = 0;
  if (get(next, place + PROCESS.missed) !== 0) next[place + PROCESS.missed] = MISSED_BEFORE;
  if (process === 0 && rules.failsWhatIsUnderWay) failOperations(next);
}

/** What has been sent in part, and is not answered, has failed. */
function failOperations(next: State): void {
  for (let reader = 0; reader < READERS; reader += 1) {
    const phase = get(next, readerAt(reader) + READER.phase);
    const isBetweenCommands = phase === ENTRY_HELD || phase === GENERATIONS_HELD || phase === TAGS_ACQUIRED;
    if (isBetweenCommands) missing(next, reader);
  }
}
