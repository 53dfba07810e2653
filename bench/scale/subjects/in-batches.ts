const AT_ONCE = 500;

/** Does something for each number below `count`, some at once. */
export async function inBatches(count: number, work: (at: number) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, at) => work(first + at));
    await Promise.all(batch);
  }
}
