import { storeScripts } from '../../src/cache/redis/store/store-scripts.js';
import { generationOfVersion, mayBeStored } from '../../src/cache/store/generation-text.js';
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

  invalidate(on, keys, [channel, count, logKeptMs, aboutEntries, id, ...args]) {
    const { keys: held, nowMs } = on;
    const tags = Number(count);
    const log = text(logKeptMs) === '' ? undefined : keys.at(-1);
    const versions = text(id) === '' ? [] : args.slice(0, tags);
    const ofRow = args.slice(versions.length);
    const ended = eachOf(keys.slice(0, 3 * tags), versions, [3, 1]);
    const isWaited = (lease: string): boolean => leaseOf(held, lease)?.isWaited === true;
    const woken: string[] = [];
    const kept = new Set<string>();
    if (ofRow.length > 0) {
      const [generation = '', entry = '', lease = ''] = keys.slice(3 * tags);
      const [captured, version, made = '', madeKeptMs, bytes = '', keptMs, message] = ofRow;
      const before = held.text(generation);
      const isItsKey = ended.some(([[other], [known]]) => other === generation && text(known) === '');
      if (!isItsKey && mayBeStored(before && text(before), text(captured), Number(text(version)))) {
        held.setText(entry, bytes, Number(keptMs));
        held.setText(generation, made, Number(madeKeptMs));
        if (isWaited(lease)) woken.push(text(message));
        held.delete(lease);
        for (const key of [generation, entry, lease]) kept.add(key);
      }
    }
    const isRefused = ofRow.length > 0 && kept.size === 0;
    const fields: string[] = [];
    const before = new Map(ended.map(([[generation = '']]) => [generation, held.text(generation)]));
    for (const [[generation = '', entry = '', lease = ''], [version]] of ended) {
      const [, tag = ''] = generation.split(':g:{');
      const name = tag.slice(0, -1);
      fields.push('t', name);
      if (!kept.has(lease)) {
        if (isWaited(lease)) woken.push(name);
        held.delete(lease);
      }
      if (!kept.has(entry)) held.delete(entry);
      if (kept.has(generation)) continue;
      const present = before.get(generation);
      if (text(version) === '' || present === undefined) held.delete(generation);
      else {
        const named = `${text(id)}.${timeOf(nowMs())}`;
        held.changeText(generation, generationOfVersion(text(present), Number(text(version)), named));
      }
    }
    for (const name of woken) on.publish(text(channel), name);
    if (log !== undefined) held.append(log, fields, Number(text(aboutEntries)));
    return isRefused ? 0 : 1;
  },

  intend({ keys: held, nowMs }, [generation = '', entry = ''], [id, keptMs, onlyHot]) {
    if (text(onlyHot) === '1' && !held.has(entry)) return null;
    const present = held.text(generation);
    if (present !== undefined) return present;
    const made = `${text(id)}.${timeOf(nowMs())}`;
    held.setText(generation, made, Number(keptMs));
    return made;
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

/** As behind the ids that a server makes: seconds and microseconds. */
function timeOf(nowMs: number): string {
  return `${Math.floor(nowMs / 1000)}.${Math.floor((nowMs % 1000) * 1000)}`;
}

/** `made`: the generations that this command has made. */
function acquireOne(
  { keys: held, nowMs }: Scripted,
  [generationKey = '', leaseKey, entryKey = '']: readonly string[],
  [id, keptMs, token, leaseMs, tags = '']: readonly Text[],
  made: Set<string>,
): readonly unknown[] {
  let generation = held.text(generationKey);
  if (generation === undefined) {
    generation = `${text(id)}.${timeOf(nowMs())}`;
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
