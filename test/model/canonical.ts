import type { Rules } from './rules.js';
import { STAMPS } from './store.js';
import type { State } from './visited.js';
import {
  KINDS,
  processAt,
  PROCESS,
  PROCESSES,
  READER,
  readerAt,
  RELAY_ROW,
  WRITER,
  writerAt,
} from './world.js';

/**
 * Rewrites states that differ only by names into one: generations are numbered in the order in which they are met,
 * and readers, as well as writers that write the same, stand in the order of their bytes.
 */
export function canonicalFor({ writers, readers, stamped }: Rules): (state: State) => void {
  const [first, second] = writers;
  const hasTwins = first !== undefined && JSON.stringify(first) === JSON.stringify(second);
  const kinds = stamped.length === 0 ? KINDS : Math.max(...stamped) + 1;
  return (state) => {
    renameGenerations(state, kinds);
    if (sortBlocks(state, readerAt(0), readers, READER.bytes)) renameGenerations(state, kinds);
    if (hasTwins && !isAnyRowHeld(state)) sortBlocks(state, writerAt(0), writers.length, WRITER.bytes);
  };
}

/** Names are for words only: no two states differ by them. */
export function forgetNames(state: State, { writers, readers }: Rules): void {
  for (let index = 0; index < readers; index += 1) state[readerAt(index) + READER.name] = 0;
  for (let index = 0; index < writers.length; index += 1) state[writerAt(index) + WRITER.name] = 0;
}

/** Rows are known by the place of their writer, which must not change then. */
function isAnyRowHeld(state: State): boolean {
  if (state[RELAY_ROW] !== 0) return true;
  for (let index = 0; index < PROCESSES; index += 1) {
    if (state[processAt(index) + PROCESS.waits] !== 0) return true;
  }
  return false;
}

const places = STAMPS;
const names = new Uint8Array(64);

function renameGenerations(state: State, kinds: number): void {
  for (let kind = 0; kind < kinds; kind += 1) {
    names.fill(0);
    let count = 0;
    for (let index = 0; index < places.length; index += 1) {
      const at = (places[index] ?? 0) + kind;
      const id = state[at] ?? 0;
      if (id === 0) continue;
      if (names[id] === 0) names[id] = count += 1;
      state[at] = names[id] ?? 0;
    }
  }
}

/** True where that changed something. There are few blocks, and they are nearly in order. */
function sortBlocks(state: State, from: number, count: number, bytes: number): boolean {
  let isChanged = false;
  for (let end = count - 1; end > 0; end -= 1) {
    for (let index = 0; index < end; index += 1) {
      const one = from + index * bytes;
      if (!isAfter(state, one, one + bytes, bytes - 1)) continue;
      isChanged = true;
      swap(state, one, one + bytes, bytes);
    }
  }
  return isChanged;
}

function isAfter(state: State, one: number, other: number, bytes: number): boolean {
  for (let index = 0; index < bytes; index += 1) {
    const difference = (state[one + index] ?? 0) - (state[other + index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function swap(state: State, one: number, other: number, bytes: number): void {
  for (let index = 0; index < bytes; index += 1) {
    const kept = state[one + index] ?? 0;
    state[one + index] = state[other + index] ?? 0;
    state[other + index] = kept;
  }
}
