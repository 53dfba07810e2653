import { slotOf } from '../../src/cache/redis/cluster/slots.js';

const known = new Map<string, number>();
const MOST_KNOWN = 500_000;

/** The slot of a key as Redis finds it, by what stands between its first pair of braces. */
export function slotOfName(key: string): number {
  const begin = key.indexOf('{');
  const end = begin < 0 ? -1 : key.indexOf('}', begin + 1);
  const hashed = end > begin + 1 ? key.slice(begin + 1, end) : key;
  let slot = known.get(hashed);
  if (slot === undefined) {
    if (known.size >= MOST_KNOWN) known.clear();
    slot = slotOf(hashed);
    known.set(hashed, slot);
  }
  return slot;
}
