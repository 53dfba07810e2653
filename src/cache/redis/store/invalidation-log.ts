import type { Redis } from 'ioredis';
import type { LogReading } from '../../store/store.js';
import { inOneEarlyWrite } from '../connection/in-one-write.js';
import { runScript } from '../connection/lua-script.js';
import { storeScripts } from './store-scripts.js';

/** Entries of the log; who has not looked for longer than they last forgets all copies. */
export const ABOUT_ENTRIES = 10_000;
/** After which it may end, with all copies; it must only not be immortal. */
export const LOG_KEPT_MS = 90 * 24 * 60 * 60 * 1000;
const TAGS_PER_ENTRY = 200;
const ENTRIES_PER_READ = 500;
/** Stands for all tags. */
const EVERYTHING = '*';

/** Has every process drop its copies of what depends on these tags. */
export async function announce(redis: Redis, log: string, tags: readonly string[] | 'all'): Promise<void> {
  const all = tags === 'all' ? [EVERYTHING] : tags;
  const calls = [];
  for (let start = 0; start < all.length; start += TAGS_PER_ENTRY) {
    calls.push({
      keys: [log],
      args: [LOG_KEPT_MS, ABOUT_ENTRIES, ...all.slice(start, start + TAGS_PER_ENTRY)],
    });
  }
  await runScript(redis, storeScripts.announce, calls);
}

/**
 * Reads on after an entry that was read before. The range begins with that entry itself: where it is missing, as in a
 * log that was trimmed, evicted or made by another server, what else is missing is not known.
 */
export async function readLog(redis: Redis, log: string, after: string | undefined): Promise<LogReading> {
  if (after === undefined) return beginning(redis, log);
  inOneEarlyWrite(redis);
  const entries = await redis.xrange(log, after, '+', 'COUNT', ENTRIES_PER_READ + 1);
  const [first, ...later] = entries;
  if (first?.[0] !== after) return beginning(redis, log);
  const last = later.at(-1)?.[0] ?? after;
  const tags = later.flatMap(([, fields]) => fields.filter((_, index) => index % 2 === 1));
  return {
    last,
    tags: tags.includes(EVERYTHING) ? 'all' : tags,
    isMore: later.length === ENTRIES_PER_READ,
  };
}

/** Where the log is now; what came before is unknown. */
async function beginning(redis: Redis, log: string): Promise<LogReading> {
  const known = await newestOf(redis, log);
  if (known === undefined) await announce(redis, log, 'all');
  const last = known ?? (await newestOf(redis, log));
  if (last === undefined) throw new Error('the log of invalidations cannot be written');
  return { last, tags: 'all', isMore: false };
}

async function newestOf(redis: Redis, log: string): Promise<string | undefined> {
  const [newest] = await redis.xrevrange(log, '+', '-', 'COUNT', 1);
  return newest?.[0];
}
