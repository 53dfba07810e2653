import { storeScripts } from '../../src/cache/redis/store/store-scripts.js';
import type { Keyspace, Text } from './keyspace.js';

/** What a script does something to. */
export interface Scripted {
  readonly keys: Keyspace;
  /** Milliseconds since the epoch, as the server has them. */
  readonly nowMs: () => number;
  publish(channel: string, message: string): void;
}

type Script = (on: Scripted, keys: readonly string[], args: readonly Text[]) => unknown;
export type ScriptName = keyof typeof storeScripts;

/**
 * The scripts of the store, each as its Lua file says, without what those do about keys of another type. That they are the same is
 * shown by the store contract, which real and simulated servers pass, and by equal replies to equal calls.
 */
export const simulatedScripts: Readonly<Record<ScriptName, Script>> = {
  acquire(on, keys, args) {
    const [keysEach, argsEach] = args.length === 2 * keys.length ? [1, 2] : [3, 5];
    const made = new Set<string>();
    return eachOf(keys, args, [keysEach, argsEach]).flatMap(([some, given]) =>
      acquireOne(on, some, given, made),
    );
  },

  fill: (on, keys, args) =>
    eachOf(keys, args, [3, 7]).map(
      ([
        [entry = '', generation = '', lease = ''],
        [captured, bytes = '', keptMs, token, channel, message, atLeastMs],
      ]) => {
        const { keys: held } = on;
        const present = held.text(generation);
        const isPresent = present !== undefined && text(present) === text(captured);
        if (isPresent) {
          held.setText(entry, bytes, Number(keptMs));
          if (held.leftMs(generation) < Number(atLeastMs)) held.expire(generation, Number(atLeastMs));
        }
        giveBack(on, lease, { token, channel, message });
        return isPresent ? 1 : 0;
      },
    ),

  release: (on, [lease = ''], [token, channel, message]) => giveBack(on, lease, { token, channel, message }),

  renew({ keys: held }, [leaseKey = '', generation = ''], [token, leaseMs, keptMs]) {
    if (leaseOf(held, leaseKey)?.token !== text(token)) return 0;
    if (held.leftMs(generation) < Number(keptMs)) held.expire(generation, Number(keptMs));
    return held.expire(leaseKey, Number(leaseMs));
  },

  invalidate(on, keys, [channel, ...args]) {
    const { keys: held } = on;
    const tags = Math.floor(keys.length / 4);
    const log = keys[4 * tags];
    const versions = log === undefined ? args : args.slice(2);
    const fields: string[] = [];
    for (let place = 0; place < 4 * tags; place += 4) {
      const [generation = '', entry = '', lease = '', writes = ''] = keys.slice(place, place + 4);
      const version = text(versions[place / 4]);
      const isWaited = leaseOf(held, lease)?.isWaited === true;
      held.delete(generation, entry, lease);
      if (version === '') held.delete(writes);
      else {
        const under = held.hash(writes);
        const seen = under?.get('v');
        if (under !== undefined && (seen === undefined || Number(seen) < Number(version)))
          under.set('v', version);
      }
      const [, tag = ''] = generation.split(':g:{');
      fields.push('t', tag.slice(0, -1));
      if (isWaited) on.publish(text(channel), tag.slice(0, -1));
    }
    if (log !== undefined) held.append(log, fields, Number(text(args[1])));
    return 1;
  },

  intend({ keys: held, nowMs }, [writes = '', entry = ''], [id, endsWithinMs, onlyHot]) {
    if (text(onlyHot) === '1' && !held.has(entry)) return null;
    const token = `${text(id)}.${Math.floor(nowMs() / 1000)}.${Math.floor((nowMs() % 1000) * 1000)}`;
    held.madeHash(writes).set(`t:${token}`, '1');
    held.expire(writes, Number(endsWithinMs));
    return token;
  },

  put(on, [entry = '', generation = '', lease = '', writes = ''], args) {
    const [token, version, newGeneration = '', bytes = '', keptMs, generationKeptMs, channel, message] = args;
    const { keys: held } = on;
    const under = held.hash(writes);
    if (under?.delete(`t:${text(token)}`) !== true) return 0;
    const seen = Number(under.get('v') ?? -1);
    if (under.size <= (seen < 0 ? 0 : 1)) held.delete(writes);
    else if (Number(version) > seen) under.set('v', text(version));
    if (Number(version) < seen) return 0;
    held.setText(generation, newGeneration, Number(generationKeptMs));
    held.setText(entry, bytes, Number(keptMs));
    const isWaited = leaseOf(held, lease)?.isWaited === true;
    held.delete(lease);
    if (isWaited) on.publish(text(channel), text(message));
    return 1;
  },

  abandon({ keys: held }, [writes = ''], [token]) {
    const under = held.hash(writes);
    if (under?.delete(`t:${text(token)}`) !== true) return 0;
    if (under.size <= (under.has('v') ? 1 : 0)) held.delete(writes);
    return 1;
  },

  announce({ keys: held }, [log = ''], [, aboutEntries, ...tags]) {
    held.append(
      log,
      tags.flatMap((tag) => ['t', text(tag)]),
      Number(aboutEntries),
    );
    return 1;
  },

  countAsked({ keys: held }, [counts = '', faded = ''], [halfLifeMs, kept, keptMs, ...asked]) {
    if (!held.has(faded)) {
      held.setText(faded, '1', Number(halfLifeMs));
      const known = held.hash(counts);
      for (const [name, weight] of known ?? []) known?.set(name, `${Number(weight) / 2}`);
    }
    const weights = held.madeHash(counts);
    for (let index = 0; index < asked.length; index += 2) {
      const name = text(asked[index]);
      weights.set(name, `${Number(weights.get(name) ?? 0) + Number(text(asked[index + 1]))}`);
    }
    const least = [...weights].sort(([, one], [, other]) => Number(one) - Number(other));
    for (const [name] of least.slice(0, Math.max(0, weights.size - Number(kept)))) weights.delete(name);
    if (asked.length > 0) held.expire(counts, Number(keptMs));
    return weights.size;
  },
};

/** `made`: the generations that this command has made. */
function acquireOne(
  { keys: held, nowMs }: Scripted,
  [generationKey = '', leaseKey, entryKey = '']: readonly string[],
  [id, keptMs, token, leaseMs, tags = '']: readonly Text[],
  made: Set<string>,
): readonly unknown[] {
  let generation = held.text(generationKey);
  if (generation === undefined) {
    generation = `${text(id)}.${Math.floor(nowMs() / 1000)}.${Math.floor((nowMs() % 1000) * 1000)}`;
    held.setText(generationKey, generation, Number(keptMs));
    made.add(generationKey);
  } else if (held.leftMs(generationKey) < Number(keptMs)) held.expire(generationKey, Number(keptMs));
  if (leaseKey === undefined) return [generation];
  const entry = (made.has(generationKey) ? undefined : held.text(entryKey)) ?? null;
  const wanted = `${text(generation)} ${text(tags)}`;
  const lease = leaseOf(held, leaseKey);
  if (lease?.bound === wanted && lease.token !== text(token)) {
    if (!lease.isWaited) held.changeText(leaseKey, `${lease.written}!`);
    return [generation, 0, entry];
  }
  held.setText(leaseKey, `${text(token)}|${wanted}${lease?.isWaited === true ? '!' : ''}`, Number(leaseMs));
  return [generation, 1, entry];
}

/** The keys and arguments of a command that does something for several, each apart. */
function eachOf(
  keys: readonly string[],
  args: readonly Text[],
  [keysEach, argsEach]: readonly [keys: number, args: number],
): (readonly [readonly string[], readonly Text[]])[] {
  return Array.from({ length: keys.length / keysEach }, (_, one) => [
    keys.slice(one * keysEach, (one + 1) * keysEach),
    args.slice(one * argsEach, (one + 1) * argsEach),
  ]);
}

const names = Object.keys(simulatedScripts).filter((name): name is ScriptName => name in storeScripts);
const byText = new Map(
  names.flatMap((name) => [storeScripts[name].sha, storeScripts[name].text].map((text) => [text, name])),
);

/** Which script of the store is meant by its text or SHA-1. */
export function scriptNamed(script: string): ScriptName {
  const name = byText.get(script);
  if (name === undefined)
    throw new Error('NOSCRIPT the simulated server knows the scripts of the store only');
  return name;
}

export function text(value: Text | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : value.toString('latin1');
}

interface HeldLease {
  /** As it stands there. */
  readonly written: string;
  readonly token: string;
  readonly bound: string;
  readonly isWaited: boolean;
}

/** `token|generations`, which ends in `!` once another process waits for it. */
function leaseOf(held: Keyspace, key: string): HeldLease | undefined {
  const value = held.text(key);
  if (value === undefined) return undefined;
  const written = text(value);
  const isWaited = written.endsWith('!');
  const bar = written.indexOf('|');
  return {
    written,
    token: written.slice(0, bar),
    bound: written.slice(bar + 1, isWaited ? -1 : undefined),
    isWaited,
  };
}

function giveBack(
  { keys: held, publish }: Scripted,
  key: string,
  { token, channel, message }: Readonly<Record<'token' | 'channel' | 'message', Text | undefined>>,
): number {
  const lease = leaseOf(held, key);
  if (lease?.token !== text(token)) return 0;
  held.delete(key);
  if (lease.isWaited) publish(text(channel), text(message));
  return 1;
}
