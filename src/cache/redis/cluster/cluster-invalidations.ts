import { storeScripts } from '../store/store-scripts.js';
import { invalidations } from '../store/invalidations.js';
import { answersOf, type Outcome } from './cluster-nodes.js';
import type { Reader } from './cluster-reads.js';
import { onOwners } from './on-owners.js';
import { redirectOf } from './redirect.js';

/**
 * Ends tags, each on the owner of its slot. Where that may not have been done the slot is owed: this process reads nothing in
 * it until its epoch has ended. What each of those has failed with. Never rejects.
 */
export async function invalidateOnCluster(
  reader: Reader & { readonly nextNonce: () => string },
  tags: readonly string[],
  versions: ReadonlyMap<string, number> | undefined,
): Promise<readonly Error[]> {
  const { nodes, names, owed, nextNonce } = reader;
  const sent = onOwners(tags, {
    ...{ nodes, script: storeScripts.invalidate, slotOf: names.slotOf, way: 'runWhileRejoining' },
    callOf: (tag, { channel }) => {
      const [call = { keys: [], args: [] }] = invalidations(
        { ...names, channel },
        { tags: [tag], versions },
        nextNonce,
      );
      return call;
    },
  });
  const outcomes = await sent.catch((error: unknown) => tags.map(() => ({ error })));
  const failures = await Promise.all(
    outcomes.map((outcome, index) => endedOf(reader, tags[index] ?? '', outcome)),
  );
  const missed = failures.flatMap((failure, index) =>
    failure === undefined ? [] : [{ failure, tag: tags[index] ?? '' }],
  );
  owed.add(missed.map(({ tag }) => names.slotOf(tag)));
  return missed.map(({ failure }) => failure);
}

/** Undefined where the tag has ended. */
async function endedOf(
  { nodes, names }: Reader,
  tag: string,
  outcome: Outcome<unknown>,
): Promise<Error | undefined> {
  if (!('error' in outcome)) return undefined;
  try {
    const kind = redirectOf(outcome.error)?.kind;
    if (kind !== 'ask' && kind !== 'later') throw outcome.error;
    // The slot is on its way: no script finds all keys in one place. Without the generation, which ends first, nothing counts, and
    // no write under way stores its row.
    for (const key of [names.generation(tag), names.entry(tag), names.lease(tag)]) {
      answersOf(await nodes.delete([{ slot: names.slotOf(tag), key }]));
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
