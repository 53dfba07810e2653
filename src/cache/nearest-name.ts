import { distance } from 'fastest-levenshtein';

/** Names with more differences than this are two names, and not one that is misspelt. */
const MOST_DIFFERENCES = 3;
/** The same as a share of the longer name: of three letters one may differ, of four two. */
const MOST_OF_NAME = 0.4;
/** A longer list helps no reader. */
const SHORT_LIST = 8;

/** The known name that a misspelt one was meant to be; undefined where none is close. Upper and lower case are the same. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of known) {
    const differences = distance(name.toLowerCase(), candidate.toLowerCase());
    const longer = Math.max(name.length, candidate.length);
    const isClose = differences <= Math.min(MOST_DIFFERENCES, Math.round(longer * MOST_OF_NAME));
    if (!isClose || differences >= fewest) continue;
    nearest = candidate;
    fewest = differences;
  }
  return nearest;
}

/** What a message about an unknown name adds: `did you mean "ttl"?`, or all known names where they are few, or nothing. */
export function hintOf(name: string, known: readonly string[]): string | undefined {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `did you mean "${nearest}"?`;
  if (known.length === 0 || known.length > SHORT_LIST) return undefined;
  const last = known.at(-1);
  return known.length === 1
    ? `there is only ${last}`
    : `there are ${known.slice(0, -1).join(', ')} and ${last}`;
}
