/** What scripts do for so many entries is sent in one go, and answered within one time-out. */
const ENTRIES_AT_ONCE = 250;
/** Different entries that are read in one go. */
const READS_AT_ONCE = 2000;

/**
 * One operation of the store for however many: in parts, each after the answer to the one before it and with a time-out of its
 * own, so that what one request asks for at once neither looks like an outage nor keeps Redis from the others.
 */
export function inParts<Item, Answer>(
  all: readonly Item[],
  operation: (part: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  return all.length <= ENTRIES_AT_ONCE ? operation(all) : partByPart(all, ENTRIES_AT_ONCE, operation);
}

/** The same for reads, which cost a server less. What several requests of one tick ask for, by one address, is read once. */
export function readInParts<Address extends object, Answer>(
  all: readonly Address[],
  operation: (part: readonly Address[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  if (all.length <= READS_AT_ONCE) return operation(all);
  const different = [...new Set(all)];
  return different.length <= READS_AT_ONCE ? operation(all) : readPartByPart(all, different, operation);
}

async function readPartByPart<Address extends object, Answer>(
  all: readonly Address[],
  different: readonly Address[],
  operation: (part: readonly Address[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  const answers = await partByPart(different, READS_AT_ONCE, operation);
  if (different.length === all.length) return answers;
  const places = new Map(different.map((address, index) => [address, index]));
  const found: Answer[] = [];
  for (const address of all) {
    const answer = answers[places.get(address) ?? -1];
    if (answer !== undefined) found.push(answer);
  }
  return found;
}

async function partByPart<Item, Answer>(
  all: readonly Item[],
  atOnce: number,
  operation: (part: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < all.length; start += atOnce) {
    for (const answer of await operation(all.slice(start, start + atOnce))) answers.push(answer);
  }
  return answers;
}
