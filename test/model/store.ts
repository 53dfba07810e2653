import type { Rules } from './rules.js';
import type { State } from './visited.js';
import * as at from './world.js';
import { get } from './world.js';

/** Stands for all tags in an entry of the log. */
export const ALL_TAGS = 0xff;

const NAMES = Array.from({ length: 64 }, (_, id) => `g${id}`);
const nameOf = (id: number): string => NAMES[id] ?? '';

/** The judgement of a hit, by the code that the engine uses. */
export function isCurrent(state: State, rules: Rules, stamps: number, present: number): boolean {
  const stamped = rules.stamped.map((kind) => nameOf(get(state, stamps + kind)));
  const there = rules.stamped.map((kind) => {
    const id = get(state, present + kind);
    return id === 0 ? undefined : nameOf(id);
  });
  return rules.matches(stamped, there);
}

/** The name of the flight that a reader's generations lead to. */
export function flightOf(state: State, rules: Rules, reader: number): string | undefined {
  const generations = rules.stamped.map((kind) => nameOf(get(state, reader + at.READER.stamps + kind)));
  return rules.flights?.('row', generations);
}

export function copyStamps(state: State, from: number, to: number): void {
  for (let kind = 0; kind < at.KINDS; kind += 1) state[to + kind] = get(state, from + kind);
}

/** `invalidate.lua`: one atomic step for one tag. */
export function invalidate(state: State, rules: Rules, tag: number): void {
  state[at.GENERATIONS + tag] = 0;
  if (tag === at.OWN && rules.invalidationDeletesEntry) deleteEntry(state);
}

export function deleteEntry(state: State): void {
  state[at.ENTRY] = 0;
  state.fill(0, at.ENTRY_STAMPS, at.ENTRY_STAMPS + at.KINDS);
}

/** `acquire.lua`: the generation there is, or a new one. */
export function acquire(state: State, kind: number): number {
  const present = get(state, at.GENERATIONS + kind);
  if (present !== 0) return present;
  let highest = 0;
  for (const stamps of STAMPS) highest = Math.max(highest, get(state, stamps + kind));
  state[at.GENERATIONS + kind] = highest + 1;
  return highest + 1;
}

/** `fill.lua`: refused once the key's own generation is another one. */
export function fill(state: State, rules: Rules, version: number, stamps: number): void {
  const own = get(state, stamps + at.OWN);
  if (rules.fillIsChecked && get(state, at.GENERATIONS + at.OWN) !== own) return;
  state[at.ENTRY] = version + 1;
  copyStamps(state, stamps, at.ENTRY_STAMPS);
}

/** `announce.lua`. */
export function announce(state: State, tags: number): void {
  const id = get(state, at.LOG_COUNT);
  if (id >= at.LOG_ENTRIES) throw new Error('the log of the model is too short for this variant');
  state[at.LOG_COUNT] = id + 1;
  state[at.LOG_TAGS + id] = tags;
  state[at.LOG_KEPT] = get(state, at.LOG_KEPT) | (1 << id);
}

const SNAPSHOT_SHIFT = at.SNAPSHOT - at.STORE.from;
/** Every place where generations are written down. */
export const STAMPS: readonly number[] = [
  at.GENERATIONS,
  at.ENTRY_STAMPS,
  at.GENERATIONS + SNAPSHOT_SHIFT,
  at.ENTRY_STAMPS + SNAPSHOT_SHIFT,
  at.LATE_STAMPS,
  ...Array.from({ length: at.READERS }, (_, index) => at.readerAt(index) + at.READER.stamps),
];
