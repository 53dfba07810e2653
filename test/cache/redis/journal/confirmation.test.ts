import type { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import {
  confirmationOf,
  Confirmations,
  confirmedBy,
  type Question,
} from '../../../../src/cache/redis/journal/confirmation.js';
import type { Durability } from '../../../../src/cache/redis/journal/durability.js';

describe('how replicas are asked', () => {
  it.each<[Durability, boolean, Question]>([
    ['memory', false, ['WAIT', 2, 800]],
    ['memory', true, ['WAIT', 2, 800]],
    ['everysec', true, ['WAIT', 2, 800]],
    ['always', false, ['WAIT', 2, 800]],
    ['always', true, ['WAITAOF', 1, 2, 800]],
  ])('with %s, where WAITAOF is there: %s', (durability, hasWaitAof, question) => {
    expect(confirmationOf({ durability, replicas: 2 }, { hasWaitAof, waitMs: 800 })).toEqual(question);
  });

  it.each<[unknown, number]>([
    [2, 2],
    [[1, 2], 2],
    [[0, 2], 0],
  ])('and what the answer %j means', (reply, replicas) => {
    expect(confirmedBy(reply)).toBe(replicas);
  });
});

describe('questions of many writes', () => {
  /** A server that answers when the test says so. */
  function server() {
    const waiting: ((replicas: number) => void)[] = [];
    const redis = {
      stream: {},
      call: () => new Promise<number>((resolve) => waiting.push(resolve)),
    };
    return { waiting, redis, client: redis as unknown as Redis };
  }
  const question: Question = ['WAIT', 1, 800];

  it('that come while one is under way are one question after it', async () => {
    const { waiting, client } = server();
    const confirmations = new Confirmations();
    const first = confirmations.of(client, question);
    const others = [1, 2, 3].map(() => confirmations.of(client, question));
    expect(waiting).toHaveLength(1);
    waiting[0]?.(0);
    expect(await first).toBe(0);
    await expect.poll(() => waiting.length, { interval: 1 }).toBe(2);
    waiting[1]?.(1);
    expect(await Promise.all(others)).toEqual([1, 1, 1]);
  });

  it('confirm nothing that was written on an earlier connection', async () => {
    const { waiting, redis, client } = server();
    const confirmations = new Confirmations();
    const first = confirmations.of(client, question);
    const second = confirmations.of(client, question);
    redis.stream = {};
    waiting[0]?.(1);
    await expect.poll(() => waiting.length, { interval: 1 }).toBe(2);
    waiting[1]?.(1);
    expect(await Promise.all([first, second])).toEqual([1, 0]);
  });
});
