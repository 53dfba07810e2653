import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { inOneWrite } from './in-one-write.js';

/** A script by its text and its SHA-1, which is how Redis names it. */
export interface LuaScript {
  readonly text: string;
  readonly sha: string;
}

/** Names a script, once at start-up. */
export function luaScript(text: string): LuaScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

export interface ScriptCall {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Uint8Array)[];
}

/**
 * Runs one script for each call, all in one round trip. A server that has forgotten the script is sent its text.
 * @throws Error the first error of any call; what the others did stands.
 */
export async function runScript(
  redis: Redis,
  script: LuaScript,
  calls: readonly ScriptCall[],
): Promise<unknown[]> {
  return (await repliesOf(redis, script, calls)).map(valueOrThrow);
}

/** So much one script is sent at most, in calls and bytes: while it runs, the server answers no other command. What it answers may be more. */
const CALLS_TOGETHER = 50;
const BYTES_TOGETHER = 65_536;

/**
 * Runs a script that takes the keys and the arguments of several calls one after the other, and answers them with one list, with
 * `each` elements for a call: fewer commands than with `runScript`, of which each costs both sides more than what is done in it. All
 * keys lie on one server. Answers with the elements of each call; with none where the list is of another length.
 * @throws Error the first error of any script; what was done until then stands.
 */
export async function runTogether(
  redis: Redis,
  script: LuaScript,
  calls: readonly ScriptCall[],
  each: number,
): Promise<(readonly unknown[])[]> {
  const parts = partsOf(calls);
  const joined = parts.map((part) => ({
    keys: part.flatMap(({ keys }) => keys),
    args: part.flatMap(({ args }) => args),
  }));
  const replies = await runScript(redis, script, joined);
  return parts.flatMap((part, index) => {
    const reply: unknown = replies[index];
    const list: readonly unknown[] = Array.isArray(reply) && reply.length === part.length * each ? reply : [];
    return part.map((_, place) => list.slice(place * each, (place + 1) * each));
  });
}

function partsOf(calls: readonly ScriptCall[]): readonly (readonly ScriptCall[])[] {
  if (calls.length === 1) return [calls];
  const parts: ScriptCall[][] = [];
  let [part, bytes]: [ScriptCall[], number] = [[], 0];
  for (const call of calls) {
    const callBytes = bytesIn(call);
    if (part.length === CALLS_TOGETHER || (part.length > 0 && bytes + callBytes > BYTES_TOGETHER)) {
      parts.push(part);
      [part, bytes] = [[], 0];
    }
    part.push(call);
    bytes += callBytes;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** About as many as it takes on its way. */
function bytesIn({ keys, args }: ScriptCall): number {
  let bytes = 0;
  for (const key of keys) bytes += key.length;
  for (const arg of args) bytes += typeof arg === 'number' ? 8 : arg.length;
  return bytes;
}

/** The same as `runScript`, with the error of a call in the place of its reply. Never rejects. */
export async function repliesOf(
  redis: Redis,
  script: LuaScript,
  calls: readonly ScriptCall[],
): Promise<unknown[]> {
  const replies = await sendAll(redis, ['EVALSHA', script.sha], calls);
  const forgotten = calls.filter((_, index) => isUnknownScript(replies[index]));
  if (forgotten.length === 0) return replies;
  const again = await sendAll(redis, ['EVAL', script.text], forgotten);
  let next = 0;
  return replies.map((reply) => (isUnknownScript(reply) ? again[next++] : reply));
}

/** Each call by itself, sent together. */
async function sendAll(
  redis: Redis,
  [command, script]: [string, string],
  calls: readonly ScriptCall[],
): Promise<unknown[]> {
  inOneWrite(redis);
  const sent = calls.map(({ keys, args }) =>
    redis.callBuffer(command, script, keys.length, ...keys, ...args.map(toArgument)).catch(asError),
  );
  return Promise.all(sent);
}

function toArgument(value: string | number | Uint8Array): string | number | Buffer {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function isUnknownScript(reply: unknown): boolean {
  return reply instanceof Error && reply.message.startsWith('NOSCRIPT');
}

function valueOrThrow(reply: unknown): unknown {
  if (reply instanceof Error) throw reply;
  return reply;
}

/** The text in a script's reply. @throws Error where there is none. */
export function textOf(reply: unknown): string {
  if (!Buffer.isBuffer(reply)) throw new Error('a script answered with something other than text');
  return reply.toString('latin1');
}

export function bytesOrNothing(reply: unknown): Buffer | undefined {
  return Buffer.isBuffer(reply) ? reply : undefined;
}
