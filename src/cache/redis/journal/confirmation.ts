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

/**
 * Asks for many writes at once: one question is under way, and callers that come meanwhile share the next one. It is sent
 * after what each of them has written, so it covers them all; one question each would have them wait in a row.
 */
export class Confirmations {
  #underWay: Promise<Answer> | undefined;
  #next: Promise<Answer> | undefined;

  /** How many replicas have what was written until now; none where the connection was made anew meanwhile. */
  async of(redis: Redis, question: Question): Promise<number> {
    // A server knows what a connection has written: asked on another one, it would confirm anything.
    const { stream } = redis;
    const answer = await this.#joined(redis, question);
    return answer.stream === stream ? answer.replicas : 0;
  }

  #joined(redis: Redis, question: Question): Promise<Answer> {
    if (this.#underWay === undefined) return this.#ask(redis, question);
    const ask = (): Promise<Answer> => {
      this.#next = undefined;
      return this.#ask(redis, question);
    };
    this.#next ??= this.#underWay.then(ask, ask);
    return this.#next;
  }

  #ask(redis: Redis, [command, ...numbers]: Question): Promise<Answer> {
    const { stream } = redis;
    const asked = redis.call(command, ...numbers).then((reply) => ({ replicas: confirmedBy(reply), stream }));
    const end = (): void => {
      if (this.#underWay === asked) this.#underWay = undefined;
    };
    this.#underWay = asked;
    asked.then(end, end);
    return asked;
  }
}
