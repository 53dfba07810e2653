import type { Redis } from 'ioredis';
import type { Acquired, Intended, Intention, LeaseRequest } from '../../store/store.js';
import { bytesOrNothing, runScript, runTogether, textOf, type ScriptCall } from '../connection/lua-script.js';
import type { RedisNames } from '../redis-names.js';
import { EPOCH_KEPT_MS, generationKeptMs, loadingKeptMs, wholeMs } from './kept-times.js';
import type { LastingGenerations } from './lasting-generations.js';
import { readTexts } from './read-entries.js';
import { storeScripts } from './store-scripts.js';

interface Asking<Request> {
  readonly names: RedisNames;
  readonly nextNonce: () => string;
  readonly lasting: LastingGenerations;
  readonly requests: readonly Request[];
}

/**
 * First the generations of the tags and the epoch, since a lease is given under those of the tags; then, in one step
 * for each key, its own generation, its lease and the entry that is there now. Without tags both go together.
 */
export async function acquire(redis: Redis, acquiring: Asking<LeaseRequest>): Promise<readonly Acquired[]> {
  const { names, nextNonce, requests } = acquiring;
  const isForLoads = requests.some(({ onlyLease }) => onlyLease !== true);
  const sharing = isForLoads ? sharedGenerations(redis, acquiring) : NONE;
  const isTagged = requests.some(({ tags }) => tags.length > 0);
  const before: Generations = isTagged ? await sharing : () => '';
  const calls = requests.map(({ key, row = key, tags, token, leaseMs }): ScriptCall => ({
    keys: [names.generation(row), names.lease(key, row), names.entry(key, row)],
    args: [nextNonce(), loadingKeptMs(leaseMs), token, wholeMs(leaseMs), tags.map(before).join(' ')],
  }));
  const [shared, replies] = await Promise.all([sharing, runTogether(redis, storeScripts.acquire, calls, 3)]);
  return replies.map(([own, leased, entry], index): Acquired => {
    const tags = requests[index]?.tags ?? [];
    return {
      generations: [textOf(own), ...tags.map(shared), shared(undefined)],
      leased: leased === 1,
      bytes: bytesOrNothing(entry),
    };
  });
}

/** Announces writes; what their entries will depend on besides their own generation is read before any of them begins. */
export async function intend(redis: Redis, asking: Asking<Intention>): Promise<readonly Intended[]> {
  const { names, requests } = asking;
  const calls = requests.map(({ key, row = key, nonce, endsWithinMs, onlyHot }): ScriptCall => ({
    keys: [names.writes(row), names.entry(key, row)],
    args: [nonce, wholeMs(endsWithinMs), onlyHot ? 1 : 0],
  }));
  const [shared, replies] = await Promise.all([
    sharedGenerations(redis, asking),
    runScript(redis, storeScripts.intend, calls),
  ]);
  return requests.map(({ tags }, index) => ({
    token: bytesOrNothing(replies[index])?.toString('latin1'),
    generations: [...tags.map(shared), shared(undefined)],
  }));
}

/** The present generation of a tag; of the epoch for undefined. */
type Generations = (tag: string | undefined) => string;
const NONE: Promise<Generations> = Promise.resolve(() => '');
type Known = readonly [tag: string | undefined, generation: string];

interface AskedTag {
  readonly tag: string | undefined;
  readonly name: string;
  /** How long the generation must last at least. */
  readonly ms: number;
  /** The one that is known to last, where there is one. */
  readonly lasting: string | undefined;
}

/**
 * The generations of all tags of these requests and of the epoch, created where missing. Those that last are looked at; a script is for
 * the others.
 */
async function sharedGenerations(
  redis: Redis,
  { names, nextNonce, lasting, requests }: Asking<Pick<LeaseRequest, 'tags' | 'keepForMs'>>,
): Promise<Generations> {
  const keptMs = new Map<string | undefined, number>([[undefined, EPOCH_KEPT_MS]]);
  for (const { tags, keepForMs } of requests) {
    for (const tag of tags) keptMs.set(tag, Math.max(keptMs.get(tag) ?? 0, generationKeptMs(keepForMs)));
  }
  const nowMs = performance.now();
  const asked = Array.from(keptMs, ([tag, ms]): AskedTag => {
    const name = tag === undefined ? names.epoch : names.generation(tag);
    return { tag, name, ms, lasting: lasting.of(name, ms, nowMs) };
  });
  const byScript = async (some: readonly AskedTag[]): Promise<readonly Known[]> => {
    const sentAtMs = performance.now();
    const calls = some.map(({ name, ms }): ScriptCall => ({ keys: [name], args: [nextNonce(), ms] }));
    const replies = await runTogether(redis, storeScripts.acquire, calls, 1);
    return some.map(({ tag, name, ms }, index) => {
      const generation = textOf(replies[index]?.[0]);
      lasting.note(name, generation, sentAtMs + ms);
      return [tag, generation];
    });
  };
  const byLook = async (some: readonly AskedTag[]): Promise<readonly Known[]> => {
    const texts =
      some.length === 0
        ? []
        : await readTexts(
            redis,
            some.map(({ name }) => name),
          );
    const isAsKnown = ({ lasting: known }: AskedTag, index: number): boolean =>
      texts[index]?.toString('latin1') === known;
    const same = some.filter(isAsKnown);
    const changed = some.filter((one, index) => !isAsKnown(one, index));
    return [
      ...same.map(({ tag, lasting: generation = '' }): Known => [tag, generation]),
      ...(changed.length === 0 ? [] : await byScript(changed)),
    ];
  };
  const known = await Promise.all([
    byLook(asked.filter((one) => one.lasting !== undefined)),
    byScript(asked.filter((one) => one.lasting === undefined)),
  ]);
  const generations = new Map(known.flat());
  return (tag) => generations.get(tag) ?? '';
}
