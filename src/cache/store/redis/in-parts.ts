/** Scripts that are sent in one go, and answered within one time-out. */
const SCRIPTS_AT_ONCE = 250;
/** Entries that are read in one go. */
const READS_AT_ONCE = 1000;

/**
 * One operation of the store for however many: in parts, each after the answer to the one before it and with a time-out of its
 * own, so that what one request asks for at once neither looks like an outage nor keeps Redis from the others.
 */
export function inParts<Item, Answer>(
  all: readonly Item[],
  operation: (part: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  return all.length <= SCRIPTS_AT_ONCE ? operation(all) : partByPart(all, SCRIPTS_AT_ONCE, operation);
}

/** The same for reads, which cost a server less. */
export function readInParts<Item, Answer>(
  all: readonly Item[],
  operation: (part: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  return all.length <= READS_AT_ONCE ? operation(all) : partByPart(all, READS_AT_ONCE, operation);
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
