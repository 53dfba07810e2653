import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { repliesOf } from '../../src/cache/redis/connection/lua-script.js';
import { redisNames } from '../../src/cache/redis/redis-names.js';
import { storeScripts } from '../../src/cache/redis/store/store-scripts.js';
import { seededRandom, type Random } from '../properties/seeded-random.js';
import { needsRedis } from '../support/needs.js';
import { useWorkerRedis } from '../support/servers/worker-redis.js';
import { Keyspace } from './keyspace.js';
import { generationOfVersion } from '../../src/cache/store/generation-text.js';
import { simulatedScripts, text, type ScriptName } from './simulated-scripts.js';

interface Call {
  readonly script: ScriptName;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

const LONG_MS = '600000';
const STEPS = 2000;
const names = redisNames('same', 'd1');

/** Ids have the time of their server behind them. */
function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (value === null || value === undefined) return null;
  const written = typeof value === 'string' || Buffer.isBuffer(value) ? text(value) : String(value);
  return written.replaceAll(/(n\d+)\.\d+\.\d+/g, '$1');
}

function keysOfTag(tag: string): readonly string[] {
  return [names.generation(tag), names.entry(tag), names.lease(tag)];
}

/** The next call of a store with few keys, so that all of them meet. `known` has the generations with their times, the newest last. */
function nextCall(random: Random, step: number, known: ReadonlyMap<string, string>): Call {
  const key = `Row:${random.below(3)}`;
  const [entry, generation] = [names.entry(key), names.generation(key)];
  const lease = names.lease(key);
  const token = `t${random.below(3)}`;
  const lately = [...known.values()].slice(-6);
  const knownId = (): string => random.pick(['n', ...lately]);
  const newId = (one = 0): string => `n${4 * step + one}`;
  const published = [names.channel, key];
  /** A command for one entry, or for several, some of them the same or variants of one row. */
  const forSome = (call: (name: string, one: number) => Omit<Call, 'script'>): Omit<Call, 'script'> => {
    const all = Array.from({ length: 1 + random.below(4) }, (_, one) => call(`Row:${random.below(3)}`, one));
    return { keys: all.flatMap(({ keys }) => keys), args: all.flatMap(({ args }) => args) };
  };
  const version = (): string => `${random.below(9)}`;
  /** What ends these, with the log where there are any, and with a row of the key. */
  const ending = (tags: readonly string[], hasRow: boolean): Call => {
    const versions = random.pick([[''], [newId(), ...tags.map(() => random.pick(['', version()]))]]);
    const [captured, name] = [knownId(), variantOf(key)];
    const made = generationOfVersion(captured, step % 9, newId(1));
    const row = [captured, version(), made, LONG_MS, `row ${step}`, LONG_MS, name];
    const log = tags.length === 0 ? [] : [names.log];
    return {
      script: 'invalidate',
      keys: [
        ...tags.flatMap(keysOfTag),
        ...(hasRow ? [generation, names.entry(name, key), names.lease(name, key)] : []),
        ...log,
      ],
      args: [
        ...[names.channel, `${tags.length}`, log.length === 0 ? '' : LONG_MS, '10000'],
        ...(tags.length === 0 ? [''] : versions),
        ...(hasRow ? row : []),
      ],
    };
  };
  const variantOf = (row: string): string => random.pick([row, `${row} variant`]);
  const calls: readonly Call[] = [
    {
      script: 'acquire',
      ...forSome((row, one) => {
        const name = variantOf(row);
        return {
          keys: [names.generation(row), names.lease(name, row), names.entry(name, row)],
          args: [newId(one), LONG_MS, `t${random.below(3)}`, LONG_MS, `g${random.below(2)}`],
        };
      }),
    },
    {
      script: 'acquire',
      ...forSome((row, one) => ({ keys: [names.generation(row)], args: [newId(one), LONG_MS] })),
    },
    {
      script: 'fill',
      ...forSome((row, one) => {
        const name = variantOf(row);
        return {
          keys: [names.entry(name, row), names.generation(row), names.lease(name, row)],
          args: [
            ...[knownId(), `value ${step} ${one}`, LONG_MS, `t${random.below(3)}`],
            ...[names.channel, name, LONG_MS],
          ],
        };
      }),
    },
    { script: 'release', keys: [lease], args: [token, ...published] },
    { script: 'renew', keys: [lease, generation], args: [token, LONG_MS, LONG_MS] },
    {
      script: 'invalidate',
      keys: keysOfTag(key),
      args: [names.channel, '1', '', '', ...random.pick([[''], [newId(), ''], [newId(), version()]])],
    },
    ending([key, 'Row:other'], false),
    ending([key, 'Row:other'], true),
    ending(['Row:other'], true),
    ending([], true),
    { script: 'intend', keys: [generation, entry], args: [newId(), LONG_MS, `${random.below(2)}`] },
  ];
  return random.pick(calls);
}

describe.skipIf(!needsRedis())('the simulated scripts', () => {
  const server = useWorkerRedis();

  it.each([1, 2, 3])(
    'answer and leave the same as those of a real server, and announce as much: seed %s',
    async (seed) => {
      await server.redis.flushall();
      const keys = new Keyspace(() => Date.now());
      const announced: string[] = [];
      const publish = (channel: string, message: string): void =>
        void announced.push(`${channel} ${message}`);
      const heard: string[] = [];
      const listener = server.redis.duplicate();
      await listener.subscribe(names.channel);
      listener.on('message', (channel, message) => void heard.push(`${channel} ${message}`));
      // Of the same id, each server has its own time behind it.
      const [here, there] = [new Map<string, string>(), new Map<string, string>()];
      for (let step = 0; step < STEPS; step += 1) {
        const [before, forReal] = [here, there].map((known) =>
          nextCall(seededRandom(seed * STEPS + step), step, known),
        );
        if (before === undefined || forReal === undefined) continue;
        const made = simulatedScripts[before.script](
          { keys, nowMs: () => Date.now(), publish },
          before.keys,
          before.args,
        );
        const [reply] = await repliesOf(server.redis, storeScripts[forReal.script], [forReal]);
        const what = `step ${step}: ${before.script} ${before.keys[0]}`;
        expect(withoutTimes(made), what).toEqual(withoutTimes(reply));
        for (const [known, answer] of [
          [here, made],
          [there, reply],
        ] as const)
          noteIds(known, answer);
        for (const key of before.keys) {
          expect(withoutTimes(held(keys, key)), `${what}, ${key}`).toEqual(
            withoutTimes(await heldBy(server.redis, key)),
          );
        }
      }
      await expect.poll(() => heard).toEqual(announced);
      expect(announced.length).toBeGreaterThan(10);
      listener.disconnect();
    },
  );
});

/** What lies there: a text, the fields of a hash in their order, or what was written into a log last. */
function held(keys: Keyspace, key: string): unknown {
  if (key === names.log) return keys.stream(key).at(-1)?.fields;
  const fields = keys.hash(key);
  return fields === undefined ? keys.text(key) : [...fields].flat().sort();
}

async function heldBy(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  if (type === 'stream') return (await redis.xrevrange(key, '+', '-', 'COUNT', 1))[0]?.[1];
  return type === 'hash'
    ? Object.entries(await redis.hgetall(key))
        .flat()
        .sort()
    : redis.getBuffer(key);
}

/** Remembers the generations in an answer as their server has written them. */
function noteIds(known: Map<string, string>, answer: unknown): void {
  const parts: unknown[] = Array.isArray(answer) ? answer : [answer];
  for (const part of parts) {
    if (typeof part !== 'string' && !Buffer.isBuffer(part)) continue;
    const [whole] = /n\d+\.\d+\.\d+(~\d+~n[\d.]+)?/.exec(text(part)) ?? [];
    if (whole === undefined) continue;
    const generation = String(withoutTimes(whole));
    // The newest last.
    known.delete(generation);
    known.set(generation, whole);
  }
}
