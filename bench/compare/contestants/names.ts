/** What is compared, in the order of the table. */
export const contestants = [
  {
    name: 'none',
    title: 'no cache',
    what: 'every read asks the database; the rows of one level of a query in one statement',
  },
  {
    name: 'naive',
    title: 'naive SETNX (control)',
    what: 'cache-aside by hand: GET, a lock by SET NX, load, SET; a write deletes its key; lists end by their ttl',
  },
  { name: 'cache-aside', title: 'CACHE_ASIDE', what: 'all reads by CACHE_ASIDE; writes invalidate' },
  {
    name: 'read-through',
    title: 'READ_THROUGH',
    what: 'rows by READ_THROUGH, lists by CACHE_ASIDE; writes invalidate',
  },
  { name: 'write-through', title: 'WRITE_THROUGH', what: 'the same, and an edit of a film stores its row' },
  {
    name: 'write-behind',
    title: 'WRITE_BEHIND',
    what: 'as READ_THROUGH, and playback positions are written behind',
  },
  {
    name: 'prefetch',
    title: 'PREFETCH',
    what: 'as READ_THROUGH, and charts, reports and searches are kept warm',
  },
  {
    name: 'hybrid',
    title: 'HYBRID',
    what: 'as READ_THROUGH, and an edit of a film stores its row where it is hot',
  },
  {
    name: 'configured',
    title: 'the API as configured',
    what: 'each field by the pattern that schema/ gives it, and the operation memo',
  },
] as const;

export type ContestantName = (typeof contestants)[number]['name'];

export const contestantNames: readonly ContestantName[] = contestants.map(({ name }) => name);

const behind: ReadonlySet<ContestantName> = new Set(['write-behind', 'configured']);

/** Whether positions are written behind: lists show what was accepted once the database has it, and promise no more. */
export function writesBehind(name: ContestantName): boolean {
  return behind.has(name);
}

export function titleOf(name: ContestantName): string {
  return contestants.find((one) => one.name === name)?.title ?? name;
}
