import type { Put, PutOutcome } from '../../store/store.js';
import type { ScriptCall } from '../connection/lua-script.js';
import type { RedisNames } from '../redis-names.js';
import { ABOUT_ENTRIES, LOG_KEPT_MS } from './invalidation-log.js';
import { generationKeptMs, wholeMs } from './kept-times.js';

/** A call costs the process and Redis more than a tag does; a longer one would keep Redis from the others for more than a moment. */
const TAGS_PER_CALL = 100;
/** A larger row is sent after the invalidation, which must be through a network within one time-out. */
const ROW_BYTES_BESIDE = 16_384;

type Names = Pick<RedisNames, 'generation' | 'entry' | 'lease' | 'channel'>;

/** What ends, each tag with the version of its row, where that is known; and the row that takes its place. */
interface Ending {
  readonly tags: readonly string[];
  readonly versions?: ReadonlyMap<string, number> | undefined;
  readonly row?: Put | undefined;
  /** The log of invalidations, where it is on the same server. */
  readonly log?: string;
}

/** Whether a row can be put in the step that ends these tags. */
export function isPutBeside(row: Put | undefined, tags: readonly string[]): row is Put {
  return row !== undefined && row.bytes.length <= ROW_BYTES_BESIDE && tags.length <= TAGS_PER_CALL;
}

/** The calls of `invalidate.lua` that end tags, in parts; the last one puts the row. `nextNonce` names new generations. */
export function invalidations(
  names: Names,
  { tags, versions, row, ...beside }: Ending,
  nextNonce: () => string,
): readonly ScriptCall[] {
  const calls: ScriptCall[] = [];
  for (let start = 0; start < tags.length; start += TAGS_PER_CALL) {
    const part = tags.slice(start, start + TAGS_PER_CALL);
    const isLast = start + TAGS_PER_CALL >= tags.length;
    calls.push(callOf(names, { ...beside, tags: part, versions, row: isLast ? row : undefined }, nextNonce));
  }
  return calls;
}

/** The call that puts a row whose tags have ended. */
export function putOf(names: Names, row: Put): ScriptCall {
  return callOf(names, { tags: [], row }, () => '');
}

/** What `invalidate.lua` answers about a row. */
export function putOutcomeOf(reply: unknown): PutOutcome {
  if (reply === 2) return 'no-room';
  return reply === 1 ? 'stored' : 'refused';
}

function callOf(names: Names, { tags, versions, row, log }: Ending, nextNonce: () => string): ScriptCall {
  const keys: string[] = [];
  for (const tag of tags) keys.push(names.generation(tag), names.entry(tag), names.lease(tag));
  const isKnown = versions !== undefined && tags.some((tag) => versions.has(tag));
  const args: (string | number | Uint8Array)[] = [
    ...[names.channel, tags.length, log === undefined ? '' : LOG_KEPT_MS, ABOUT_ENTRIES],
    ...(isKnown ? [nextNonce(), ...tags.map((tag) => versions.get(tag) ?? '')] : ['']),
  ];
  if (row !== undefined) {
    const { key, row: named = key, captured, version, generation, bytes, keepForMs } = row;
    keys.push(names.generation(named), names.entry(key, named), names.lease(key, named));
    args.push(captured, version, generation, generationKeptMs(keepForMs), bytes, wholeMs(keepForMs), key);
  }
  if (log !== undefined) keys.push(log);
  return { keys, args };
}
