import type { Redis } from 'ioredis';
import type { Acquired, Intended, Intention, LeaseRequest } from '../../store/store.js';
import { bytesOrNothing, runScript, runTogether, textOf, type ScriptCall } from '../connection/lua-script.js';
import type { RedisNames } from '../redis-names.js';
import { EPOCH_KEPT_MS, generationKeptMs, INTENDED_KEPT_MS, loadingKeptMs, wholeMs } from './kept-times.js';
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

/**
 * What there is before writes. The generations of their keys are mostly there, and looked at together with the others; the script
 * is for what is missing, and for those that ask whether there is an entry.
 */
export async function intend(redis: Redis, asking: Asking<Intention>): Promise<readonly Intended[]> {
  const { names, nextNonce, requests } = asking;
  const nameOf = ({ key, row = key }: Intention): string => names.generation(row);
  const looked = new Map<string, string | undefined>();
  for (const one of requests) if (!one.onlyHot) looked.set(nameOf(one), undefined);
  const byScript = async (some: readonly Intention[]): Promise<ReadonlyMap<Intention, string>> => {
    const calls = some.map((one) => intentionOf(names, one, nextNonce));
    const replies = await runScript(redis, storeScripts.intend, calls);
    return new Map(
      some.flatMap((one, index): [Intention, string][] => {
        const generation = bytesOrNothing(replies[index])?.toString('latin1');
        return generation === undefined ? [] : [[one, generation]];
      }),
    );
  };
  const [shared, hot] = await Promise.all([
    sharedGenerations(redis, asking, looked),
    byScript(requests.filter(({ onlyHot }) => onlyHot)),
  ]);
  const there = (one: Intention): string | undefined =>
    one.onlyHot ? hot.get(one) : looked.get(nameOf(one));
  const made = await byScript(requests.filter((one) => !one.onlyHot && there(one) === undefined));
  return requests.map((one) => ({
    captured: there(one) ?? made.get(one),
    generations: [...one.tags.map(shared), shared(undefined)],
  }));
}

/** The call of `intend.lua` for a write. */
export function intentionOf(
  names: Pick<RedisNames, 'generation' | 'entry'>,
  { key, row = key, onlyHot }: Intention,
  nextNonce: () => string,
): ScriptCall {
  return {
    keys: [names.generation(row), names.entry(key, row)],
    args: [nextNonce(), INTENDED_KEPT_MS, onlyHot ? 1 : 0],
  };
}

/** What else is there was not written by us. */
function isGeneration(text: string): boolean {
  return text.length <= 128 && !/[^\w.~-]/.test(text);
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
 * the others. What is there under the names of `looked` is put beside them.
 */
async function sharedGenerations(
  redis: Redis,
  { names, nextNonce, lasting, requests }: Asking<Pick<LeaseRequest, 'tags' | 'keepForMs'>>,
  looked: Map<string, string | undefined> = new Map(),
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
    const wanted = [...some.map(({ name }) => name), ...looked.keys()];
    const texts = wanted.length === 0 ? [] : await readTexts(redis, wanted);
    for (const [index, name] of [...looked.keys()].entries()) {
      const text = texts[some.length + index]?.toString('latin1');
      if (text !== undefined && isGeneration(text)) looked.set(name, text);
    }
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
