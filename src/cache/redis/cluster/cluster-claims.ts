import type { Acquired, Intended, Intention, LeaseRequest } from '../../store/store.js';
import { bytesOrNothing, textOf, type ScriptCall } from '../connection/lua-script.js';
import { EPOCH_KEPT_MS, generationKeptMs, loadingKeptMs, wholeMs } from '../store/kept-times.js';
import { intentionOf } from '../store/claims.js';
import { storeScripts } from '../store/store-scripts.js';
import { answersOf, unlessAllFailed, type Outcome, type Way } from './cluster-nodes.js';
import type { Reader } from './cluster-reads.js';
import { onOwners, type OwnersReply } from './on-owners.js';
import { markOfAll } from './slot-marks.js';

interface Asking<Request> extends Reader {
  readonly nextNonce: () => string;
  readonly requests: readonly Request[];
  /** Default `run`. */
  readonly way?: Way;
}

/**
 * As on one server. The generations of what depends on a node that is away, or on a slot that is on its way to another one,
 * are not known; the rest goes on. @throws Error where nothing can be had.
 */
export async function acquireOnCluster(asking: Asking<LeaseRequest>): Promise<readonly Acquired[]> {
  const { nodes, names, owed, nextNonce, requests, way = 'run' } = asking;
  const began = owed.moment;
  const sharing = sharedMarks(asking);
  const isTagged = requests.some(({ tags }) => tags.length > 0);
  const leasesUnder = (before: Shared | undefined): Promise<readonly Outcome<OwnersReply>[]> =>
    onOwners(requests, {
      ...{ nodes, way },
      script: storeScripts.acquire,
      slotOf: ({ key, row = key }) => names.slotOf(row),
      callOf: ({ key, row = key, tags, token, leaseMs }): ScriptCall => {
        const others =
          before === undefined || tags.length === 0
            ? []
            : [...tags.map(before.generation), before.mark(row, tags)];
        const base = { keys: [names.generation(row)], args: [nextNonce(), loadingKeptMs(leaseMs)] };
        // A lease under generations that are not all known would be taken from a process that knows them.
        if (others.includes(undefined)) return base;
        return {
          keys: [...base.keys, names.lease(key, row), names.entry(key, row)],
          args: [...base.args, token, wholeMs(leaseMs), others.join(' ')],
        };
      },
    });
  const leasing = isTagged ? sharing.then(leasesUnder) : leasesUnder(undefined);
  const [shared, outcomes] = await Promise.all([sharing, leasing]);
  return unlessAllFailed(outcomes).map((outcome, index): Acquired => {
    const { key = '', row = key, tags = [], onlyLease } = requests[index] ?? {};
    const own = 'answer' in outcome ? listOf(outcome.answer.reply) : [];
    // Rather two that lead than none.
    const leased = own[1] === 1 || ('error' in outcome && onlyLease === true);
    const generations = [
      bytesOrNothing(own[0])?.toString('latin1'),
      ...tags.map(shared.generation),
      shared.mark(row, tags),
    ];
    const known = generations.filter((generation) => generation !== undefined);
    if (known.length < generations.length) return { generations: undefined, leased, bytes: undefined };
    const owedAt = [row, ...tags].map((tag) => owed.since(began, names.slotOf(tag)) ?? 0);
    const lastOwedAt = Math.max(...owedAt);
    if (lastOwedAt === 0) return { generations: known, leased, bytes: bytesOrNothing(own[2]) };
    // Also where it is owed no more: the epoch may have been asked for before it ended, and the entry after that. A load that began
    // before it was owed may have the same generations, and no reader of now may join it.
    return {
      generations: [...known.slice(0, -1), `${known.at(-1)}.${lastOwedAt}`],
      leased,
      bytes: undefined,
    };
  });
}

/** As on one server. @throws Error where any node that is needed does not answer. */
export async function intendOnCluster(asking: Omit<Asking<Intention>, 'way'>): Promise<readonly Intended[]> {
  const { nodes, names, nextNonce, requests } = asking;
  const [shared, outcomes] = await Promise.all([
    sharedMarks(asking),
    onOwners(requests, {
      nodes,
      script: storeScripts.intend,
      slotOf: ({ key, row = key }) => names.slotOf(row),
      callOf: (intention) => intentionOf(names, intention, nextNonce),
    }),
  ]);
  const replies = answersOf(outcomes);
  return requests.map(({ key, row = key, tags }, index): Intended => {
    const generations = [...tags.map(shared.generation), shared.mark(row, tags)].filter(
      (one) => one !== undefined,
    );
    if (generations.length <= tags.length) throw new Error('a node that is needed does not answer');
    return { captured: bytesOrNothing(replies[index]?.reply)?.toString('latin1'), generations };
  });
}

/** Undefined where the node does not answer. */
interface Shared {
  readonly generation: (tag: string) => string | undefined;
  /** The mark of the slots that a row and these tags lie in. */
  readonly mark: (row: string, tags: readonly string[]) => string | undefined;
}

/** The generations of all tags of these requests, and the epochs of all their slots, created where missing. */
async function sharedMarks({
  nodes,
  names,
  marks,
  nextNonce,
  requests,
  way = 'run',
}: Asking<Pick<LeaseRequest, 'key' | 'row' | 'tags' | 'keepForMs'>>): Promise<Shared> {
  const keptMs = new Map<string, number>();
  const slots = new Set<number>();
  for (const { key, row = key, tags, keepForMs } of requests) {
    slots.add(names.slotOf(row));
    for (const tag of tags) {
      slots.add(names.slotOf(tag));
      keptMs.set(tag, Math.max(keptMs.get(tag) ?? 0, generationKeptMs(keepForMs)));
    }
  }
  const script = storeScripts.acquire;
  const [epochs, generations] = await Promise.all([
    onOwners([...slots], {
      ...{ nodes, script, way },
      slotOf: (slot) => slot,
      callOf: (slot): ScriptCall => ({ keys: [names.epochOf(slot)], args: [nextNonce(), EPOCH_KEPT_MS] }),
    }),
    onOwners([...keptMs], {
      ...{ nodes, script, way },
      slotOf: ([tag]) => names.slotOf(tag),
      callOf: ([tag, ms]): ScriptCall => ({ keys: [names.generation(tag)], args: [nextNonce(), ms] }),
    }),
  ]);
  const bySlot = answered([...slots], epochs, (slot, { reply, history }) =>
    marks.of(slot, history, firstOf(reply)),
  );
  const byTag = answered([...keptMs.keys()], generations, (_, { reply }) => firstOf(reply));
  return {
    generation: (tag) => byTag.get(tag),
    mark: (row, tags) => markOfAll([row, ...tags].map((tag) => bySlot.get(names.slotOf(tag)))),
  };
}

function answered<Key>(
  keys: readonly Key[],
  outcomes: readonly Outcome<OwnersReply>[],
  read: (key: Key, reply: OwnersReply) => string,
): ReadonlyMap<Key, string> {
  return new Map(
    keys.flatMap((key, index): [Key, string][] => {
      const outcome = outcomes[index];
      return outcome !== undefined && 'answer' in outcome ? [[key, read(key, outcome.answer)]] : [];
    }),
  );
}

function firstOf(reply: unknown): string {
  return textOf(listOf(reply)[0]);
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}
