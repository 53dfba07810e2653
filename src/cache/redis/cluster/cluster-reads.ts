import { sharedText } from '../../codec/shared-text.js';
import type { AskOptions, EntryAddress, Reading } from '../../store/store.js';
import { inOneEarlyWrite } from '../connection/in-one-write.js';
import { settled, unlessAllFailed, type ClusterNodes, type Outcome } from './cluster-nodes.js';
import type { ClusterNames } from './cluster-names.js';
import type { OwedSlots } from './owed-slots.js';
import { redirectOf } from './redirect.js';
import { markOfAll, type SlotMarks } from './slot-marks.js';

export interface Reader {
  readonly nodes: ClusterNodes;
  readonly names: ClusterNames;
  readonly marks: SlotMarks;
  readonly owed: OwedSlots;
}

/** What is read of one slot, by one MGET. The epoch is the first. */
interface SlotRead {
  readonly slot: number;
  readonly keys: string[];
  readonly places: Map<string, number>;
  found: Found | undefined;
}

interface Found {
  readonly values: readonly (Buffer | null)[];
  readonly mark: string | undefined;
}

interface Place {
  readonly read: SlotRead;
  readonly index: number;
}

/**
 * Reads entries and the generations that they depend on: one MGET for each slot, all of a node in one write. They are not of
 * one moment, and need not be: a generation that is the present one at any moment since the read began was not ended before
 * that. What lies on a node that is away, or in a slot that is on its way to another one, is not there.
 * @throws Error where no node has answered.
 */
export async function readFromCluster(
  { nodes, names, marks, owed }: Reader,
  addresses: readonly EntryAddress[],
  { mayGiveUp = false }: AskOptions = {},
): Promise<readonly Reading[]> {
  const began = owed.moment;
  const reads = new Map<number, SlotRead>();
  const readOf = (slot: number): SlotRead => {
    const known = reads.get(slot);
    if (known !== undefined) return known;
    const read = { slot, keys: [names.epochOf(slot)], places: new Map<string, number>(), found: undefined };
    reads.set(slot, read);
    return read;
  };
  const placeOf = (row: string, name: string): Place => {
    const read = readOf(names.slotOf(row));
    let index = read.places.get(name);
    if (index === undefined) {
      index = read.keys.push(name) - 1;
      read.places.set(name, index);
    }
    return { read, index };
  };
  const placed = addresses.map(({ key, row = key, tags }) => ({
    entry: placeOf(row, names.entry(key, row)),
    own: placeOf(row, names.generation(row)),
    tags: tags.map((tag) => placeOf(tag, names.generation(tag))),
  }));
  const all = [...reads.values()];
  const outcomes = await nodes.spread(all, {
    way: mayGiveUp ? 'runPromptly' : 'run',
    slotOf: ({ slot }) => slot,
    send: (redis, part, node) => {
      const { history, oversized } = node;
      inOneEarlyWrite(redis);
      return Promise.all(
        part.map(async ({ slot, keys }): Promise<Outcome<Found>> => {
          const outcome = await settled(redis.mgetBuffer(keys));
          if ('error' in outcome) {
            if (redirectOf(outcome.error) === undefined) oversized.suspect(outcome.error, keys);
            return outcome;
          }
          const epoch = textOf(outcome.answer[0]);
          const mark = epoch === undefined ? undefined : marks.of(slot, history, epoch);
          return { answer: { values: outcome.answer, mark } };
        }),
      );
    },
  });
  unlessAllFailed(outcomes).forEach((outcome, index) => {
    const read = all[index];
    if (read === undefined || 'error' in outcome) return;
    if (owed.since(began, read.slot) === undefined) read.found = outcome.answer;
  });
  const generationAt = ({ read: { found }, index }: Place): string | undefined =>
    textOf(found?.values[index]);
  return placed.map(({ entry, own, tags }): Reading => {
    const mark = markOfAll([own, ...tags].map(({ read }) => read.found?.mark));
    return {
      bytes: entry.read.found?.values[entry.index] ?? undefined,
      generations: [
        generationAt(own),
        ...tags.map(generationAt).map((text) => text && sharedText(text)),
        mark && sharedText(mark),
      ],
      judged: undefined,
    };
  });
}

function textOf(value: Buffer | null | undefined): string | undefined {
  return value?.toString('latin1');
}
