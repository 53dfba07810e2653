const WRITES_AT_ONCE = 200;

/** What is saved after a loss, in parts that neither the database nor the journal takes long for. */
export function batchesOf<T>(all: readonly T[]): readonly (readonly T[])[] {
  const batches: (readonly T[])[] = [];
  for (let start = 0; start < all.length; start += WRITES_AT_ONCE) {
    batches.push(all.slice(start, start + WRITES_AT_ONCE));
  }
  return batches;
}
