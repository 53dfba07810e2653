import type { Rules } from './rules.js';
import { STAMPS } from './store.js';
import type { State } from './visited.js';
import * as at from './world.js';
import { get } from './world.js';

/**
 * Rewrites states that differ only by names into one: generations are numbered in the order in which they are met,
 * and readers, as well as writers that write the same, stand in the order of their bytes.
 */
export function canonicalFor({ writers }: Rules): (state: State) => void {
  const [first, second] = writers;
  const isTwin = first !== undefined && JSON.stringify(first) === JSON.stringify(second);
  return (state) => {
    renameGenerations(state);
    sortBlocks(state, at.readerAt(0), at.READERS, at.READER.bytes);
    renameGenerations(state);
    // The relay holds a row by its writer's place.
    if (isTwin && get(state, at.RELAY_ROW) === 0 && !isAwaited(state)) {
      sortBlocks(state, at.writerAt(0), at.WRITERS, at.WRITER.bytes);
    }
  };
}

function isAwaited(state: State): boolean {
  for (let index = 0; index < at.PROCESSES; index += 1) {
    if (get(state, at.processAt(index) + at.PROCESS.waits) !== 0) return true;
  }
  return false;
}

const names = new Uint8Array(64);

function renameGenerations(state: State): void {
  for (let kind = 0; kind < at.KINDS; kind += 1) {
    names.fill(0);
    let count = 0;
    for (const stamps of STAMPS) {
      const id = get(state, stamps + kind);
      if (id === 0) continue;
      if (names[id] === 0) names[id] = count += 1;
      state[stamps + kind] = get(names, id);
    }
  }
}

/** Few and nearly sorted. */
function sortBlocks(state: State, from: number, count: number, bytes: number): void {
  for (let end = count - 1; end > 0; end -= 1) {
    for (let index = 0; index < end; index += 1) {
      const one = from + index * bytes;
      if (isAfter(state, one, one + bytes, bytes)) swap(state, one, one + bytes, bytes);
    }
  }
}

function isAfter(state: State, one: number, other: number, bytes: number): boolean {
  for (let index = 0; index < bytes; index += 1) {
    const difference = get(state, one + index) - get(state, other + index);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

function swap(state: State, one: number, other: number, bytes: number): void {
  for (let index = 0; index < bytes; index += 1) {
    const kept = get(state, one + index);
    state[one + index] = get(state, other + index);
    state[other + index] = kept;
  }
}
