import { redisNames, type RedisNames } from '../redis-names.js';
import { slotOf, textsOfSlots } from './slots.js';

/** What everything of one cache is called in a cluster, and in which slot it lies. */
export interface ClusterNames extends Omit<RedisNames, 'epoch' | 'run' | 'forgotten' | 'log'> {
  readonly prefix: string;
  /** The slot of a row or tag: of its generation, and of its entries and leases. */
  slotOf(row: string): number;
  /** The generation that every entry of a slot depends on, and all that depends on a tag in it. */
  epochOf(slot: number): string;
}

/**
 * As on one server, with an epoch for each slot in the place of one for all: what an entry depends on in its slot is read by
 * one command, and moves with it. What the processes have counted lies in one slot.
 */
export function clusterNames(prefix: string, digest: string): ClusterNames {
  const names = redisNames(prefix, digest);
  const texts = textsOfSlots();
  return {
    ...names,
    prefix,
    entry: (key, row = key) => names.entry(marked(key, row), marked(row)),
    lease: (key, row = key) => names.lease(marked(key, row), marked(row)),
    generation: (tag) => names.generation(marked(tag)),
    figures: (process) => `${prefix}:{figures}:c:${process}`,
    counting: `${prefix}:{figures}:counting`,
    slotOf: (row) => slotOf(inBraces(marked(row))),
    epochOf: (slot) => `${prefix}:epoch:{${texts[slot] ?? ''}}`,
  };
}

/** Braces with nothing in them would put each key of a row into a slot of its own. */
function marked(text: string, row = text): string {
  return row === '' || row.startsWith('}') || row.startsWith('~') ? `~${text}` : text;
}

function inBraces(row: string): string {
  const end = row.indexOf('}');
  return end < 0 ? row : row.slice(0, end);
}
