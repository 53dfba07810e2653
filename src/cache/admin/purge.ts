import type { Cache } from '../cache.js';
import { CacheError } from '../errors.js';
import type { PurgeOutcome } from './outcomes.js';

/** What is asked for. */
export interface Purge {
  /** `*` is everything. */
  readonly tags: readonly string[];
  /** Must be the word `everything` for everything. */
  readonly confirm: unknown;
}

/** The word that must be said to purge everything. */
const EVERYTHING = 'everything';

/** Ends what depends on tags; everything only where it was asked for twice. @throws CacheError for tags that nothing depends on. */
export async function purge(
  cache: Pick<Cache<never>, 'tools' | 'invalidate'>,
  { tags, confirm }: Purge,
): Promise<PurgeOutcome> {
  if (tags.length === 0) throw refusal('Name at least one tag, such as Movie:42, or * for everything.');
  if (tags.includes('*')) {
    if (confirm !== EVERYTHING) {
      const message = `This ends every entry in all processes, and the origins are asked for all of them again. To do it, ask once more with confirm: "${EVERYTHING}".`;
      return { isDone: false, message };
    }
    await cache.tools.forgetAll();
    return { isDone: true, message: 'Every entry was ended.' };
  }
  const unknown = tags.map((tag) => cache.tools.unknownTag(tag)).find((why) => why !== undefined);
  if (unknown !== undefined) throw refusal(`${unknown} Nothing was purged.`);
  await cache.invalidate(tags);
  return { isDone: true, message: `All entries that depend on ${tags.join(', ')} were ended.` };
}

function refusal(sentence: string): CacheError {
  return new CacheError('CACHE_TOOLS', sentence);
}
