import type { Counters } from './counters.js';
import type { LiveCounters } from './field-counters.js';
import { EDGES_MS, type Histogram } from './histogram.js';

/** Counted numbers by group and name. A group is a coordinate, or `''` for what belongs to none; what is 0 is left out. */
export type Tally = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** A tally that others are added to. */
export type Sum = Map<string, Map<string, number>>;

/** The group of what belongs to no coordinate. */
export const OF_ALL = '';
/** The histograms, as their numbers are called: `hits:34` is how many were in a bucket, `hits:ms` all together. */
export type Times = 'hits' | 'loads' | 'storeReads' | 'operations' | 'storeRoundTrips';

/** More groups than a process counts: 256 coordinates, and those of `cache.fetch`. */
const MOST_GROUPS = 1000;

/** All that was counted so far; `others` are counted elsewhere, and belong to no coordinate. */
export function tallyOf(counters: Counters, others: Readonly<Record<string, number>> = {}): Tally {
  const tally: Sum = new Map();
  for (const [coordinate, counted] of counters.all()) tally.set(coordinate, numbersOf(counted));
  const all = new Map(Object.entries(others));
  noteTimes(all, 'operations', counters.operations);
  noteTimes(all, 'storeRoundTrips', counters.storeRoundTrips);
  tally.set(OF_ALL, all);
  return tally;
}

/** Every process does this every other second, so that nothing is made of what is 0. */
function numbersOf(counted: LiveCounters): Map<string, number> {
  const { times } = counted;
  const numbers = new Map<string, number>();
  for (const name of Object.keys(counted)) {
    const value: unknown = Reflect.get(counted, name);
    if (typeof value === 'number' && value !== 0) numbers.set(name, value);
  }
  noteTimes(numbers, 'hits', times.hits);
  noteTimes(numbers, 'loads', times.loads);
  noteTimes(numbers, 'storeReads', times.storeReads);
  return numbers;
}

function noteTimes(numbers: Map<string, number>, name: Times, { counts, sumMs }: Histogram): void {
  if (sumMs !== 0) numbers.set(`${name}:ms`, sumMs);
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const count = counts[bucket] ?? 0;
    if (count !== 0) numbers.set(`${name}:${bucket}`, count);
  }
}

/** The counts of a histogram, by bucket. */
export function countsOf(numbers: ReadonlyMap<string, number> | undefined, name: Times): readonly number[] {
  return Array.from({ length: EDGES_MS.length + 1 }, (_, bucket) => numbers?.get(`${name}:${bucket}`) ?? 0);
}

/** What was counted since `before`, an earlier tally of the same process. */
export function since(before: Tally, now: Tally): Tally {
  const grown: Sum = new Map();
  for (const [group, numbers] of now) {
    const earlier = before.get(group);
    const more = Array.from(numbers, ([name, value]): [string, number] => [
      name,
      value - (earlier?.get(name) ?? 0),
    ]).filter(([, value]) => value !== 0);
    if (more.length > 0) grown.set(group, new Map(more));
  }
  return grown;
}

export function addTo(sum: Sum, tally: Tally): void {
  for (const [group, numbers] of tally) {
    const into = sum.get(group) ?? new Map<string, number>();
    for (const [name, value] of numbers) into.set(name, (into.get(name) ?? 0) + value);
    sum.set(group, into);
  }
}

export function writeTally(tally: Tally): string {
  const rounded = (value: number): number => Math.round(value * 1000) / 1000;
  return JSON.stringify(
    Array.from(tally, ([group, numbers]) => [
      group,
      Object.fromEntries(Array.from(numbers, ([name, value]) => [name, rounded(value)])),
    ]),
  );
}

/** What another process has written; what cannot be read counts nothing. */
export function readTally(text: string): Tally {
  const tally: Sum = new Map();
  for (const pair of listOf(parsed(text)).slice(0, MOST_GROUPS)) {
    const [group, numbers] = listOf(pair);
    if (typeof group !== 'string' || typeof numbers !== 'object' || numbers === null) continue;
    const finite = Object.entries(numbers).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
    );
    tally.set(group, new Map(finite));
  }
  return tally;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Of another version, or cut off: a report is without it.
    return undefined;
  }
}
