import type { ScriptCall } from '../connection/lua-script.js';
import type { RedisNames } from '../redis-names.js';

/** A call costs the process and Redis more than a tag does; a longer one would keep Redis from the others for more than a moment. */
const TAGS_PER_CALL = 100;

/** The calls of `invalidate.lua` that end these tags; each with the version of its row, where that is known. */
export function invalidations(
  names: Pick<RedisNames, 'generation' | 'entry' | 'lease' | 'writes' | 'channel'>,
  tags: readonly string[],
  versions: ReadonlyMap<string, number> | undefined,
): readonly ScriptCall[] {
  const calls: ScriptCall[] = [];
  for (let start = 0; start < tags.length; start += TAGS_PER_CALL) {
    const part = tags.slice(start, start + TAGS_PER_CALL);
    const keys: string[] = [];
    for (const tag of part) {
      keys.push(names.generation(tag), names.entry(tag), names.lease(tag), names.writes(tag));
    }
    const isKnown = versions !== undefined && part.some((tag) => versions.has(tag));
    calls.push({
      keys,
      args: [names.channel, ...(isKnown ? part.map((tag) => versions.get(tag) ?? '') : [])],
    });
  }
  return calls;
}
