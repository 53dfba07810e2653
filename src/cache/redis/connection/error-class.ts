/**
 * What an error of the server means for the store. `away`: nothing can be relied on until it is over, so it counts as an
 * outage at once. `full`: there is no room for new entries, while hits and invalidations go on. `single`: one command.
 */
export type ErrorClass = 'away' | 'full' | 'single';

/**
 * LOADING reads its files, BUSY runs a script, READONLY became a replica, MASTERDOWN is one without a primary, CLUSTERDOWN misses a part,
 * MISCONF cannot write its files and refuses every write, an invalidation included.
 */
const AWAY = /^(ReplyError: )?(LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|MISCONF|NOREPLICAS)\b/;
const FULL = /\bOOM command not allowed/;

export function classOf(error: unknown): ErrorClass {
  const words = error instanceof Error ? error.message : String(error);
  if (FULL.test(words)) return 'full';
  // A script passes on what a command of it was refused with.
  return AWAY.test(words) || /-(READONLY|MISCONF|MASTERDOWN|NOREPLICAS)\b/.test(words) ? 'away' : 'single';
}

/** Whether the server answered, if only to refuse. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === 'ReplyError';
}
