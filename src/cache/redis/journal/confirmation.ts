import type { Redis } from 'ioredis';
import type { Declared } from './durability.js';

/** How to ask a server whether replicas have what was written on this connection just before. */
export type Question = readonly [command: 'WAIT' | 'WAITAOF', ...numbers: number[]];

/**
 * Replicas that are declared with `always` must have synced a write, where the server can tell (since Redis 7.2). With
 * `memory` and `everysec` their memory is what is declared: WAITAOF would wait for files that they may not have.
 */
export function confirmationOf(
  { durability, replicas }: Declared,
  { hasWaitAof, waitMs }: { readonly hasWaitAof: boolean; readonly waitMs: number },
): Question {
  return durability === 'always' && hasWaitAof
    ? ['WAITAOF', 1, replicas, waitMs]
    : ['WAIT', replicas, waitMs];
}

/** How many replicas have it, by the answer; none where the server itself has not synced it. */
export function confirmedBy(reply: unknown): number {
  if (!Array.isArray(reply)) return Number(reply);
  const [synced, onReplicas]: unknown[] = reply;
  return Number(synced) >= 1 ? Number(onReplicas) : 0;
}

interface Answer {
  readonly replicas: number;
  /** The connection that was asked about. */
  readonly stream: unknown;
}

/** What a server is asked on one connection. */
interface Asked {
  underWay: Promise<Answer> | undefined;
  next: Promise<Answer> | undefined;
}

/**
 * Asks for many writes at once: one question is under way, and callers that come meanwhile share the next one. It is sent
 * after what each of them has written, so it covers them all; one question each would have them wait in a row. Each connection by
 * itself: on a cluster every node is asked for what it took.
 */
export class Confirmations {
  readonly #asked = new WeakMap<Redis, Asked>();

  /** How many replicas have what was written until now; none where the connection was made anew meanwhile. */
  async of(redis: Redis, question: Question): Promise<number> {
    // A server knows what a connection has written: asked on another one, it would confirm anything.
    const { stream } = redis;
    const answer = await this.#joined(redis, question);
    return answer.stream === stream ? answer.replicas : 0;
  }

  #joined(redis: Redis, question: Question): Promise<Answer> {
    const asked = this.#asked.get(redis) ?? { underWay: undefined, next: undefined };
    this.#asked.set(redis, asked);
    if (asked.underWay === undefined) return ask(redis, question, asked);
    const askNext = (): Promise<Answer> => {
      asked.next = undefined;
      return ask(redis, question, asked);
    };
    asked.next ??= asked.underWay.then(askNext, askNext);
    return asked.next;
  }
}

function ask(redis: Redis, [command, ...numbers]: Question, asked: Asked): Promise<Answer> {
  const { stream } = redis;
  const underWay = redis
    .call(command, ...numbers)
    .then((reply) => ({ replicas: confirmedBy(reply), stream }));
  const end = (): void => {
    if (asked.underWay === underWay) asked.underWay = undefined;
  };
  asked.underWay = underWay;
  underWay.then(end, end);
  return underWay;
}
