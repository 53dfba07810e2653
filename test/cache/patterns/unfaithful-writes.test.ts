import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryJournal, valueType } from '../../../src/cache/index.js';
import type { FlushedWrite } from '../../../src/cache/types/index.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

class Money {
  constructor(
    readonly amount: number,
    readonly currency: string,
  ) {}
}

class Other {}

const isMoney = (value: unknown): value is Money => value instanceof Money;

const types = {
  'would come back as another one': valueType<Money>({
    name: 'Money',
    is: isMoney,
    encode: ({ amount, currency }) => `${amount} ${currency}`,
    decode: (text) => new Money(Number.parseInt(text, 10), text.split(' ')[1] ?? ''),
  }),
  'would come back as what is no instance of its type': valueType<object>({
    name: 'Money',
    is: isMoney,
    encode: () => '',
    decode: () => new Other(),
  }),
  'cannot be read again': valueType<Money>({
    name: 'Money',
    is: isMoney,
    encode: () => '',
    decode: () => {
      throw new Error('1.25 EUR');
    },
  }),
  'cannot be encoded': valueType<Money>({
    name: 'Money',
    is: isMoney,
    encode: () => {
      throw new Error('1.25 EUR');
    },
    decode: () => new Money(1, 'EUR'),
  }),
};

describe('a state that is written behind', () => {
  it.each(Object.entries(types))('is not accepted where it %s', async (_, type) => {
    const flushed: FlushedWrite[] = [];
    const clock = manualClock();
    const { cache, query } = testCache({
      typeDefs: `
        type Price { id: ID! }
        type Query { price(id: ID!): Price @cached(ttl: 60, pattern: READ_THROUGH, key: "Price:{args.id}") }
        type Mutation { price(id: ID!): Price @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Price:{args.id}") }
      `,
      types: [type],
      clock,
      journal: memoryJournal({ clock }),
      resolvers: { Mutation: { price: (_source, { id }) => ({ id, price: new Money(1.25, 'CHF') }) } },
      origins: {
        Price: {
          load: (ids) => Promise.resolve(ids.map((id) => ({ id: `${id} of the origin` }))),
          flush: (writes) => Promise.resolve(void flushed.push(...writes)),
        },
      },
    });
    await cache.start();
    onTestFinished(() => cache.close());
    const { result } = await query('mutation { price(id: 1) { id } }');
    expect(result.data).toEqual({ price: null });
    const [error] = result.errors ?? [];
    expect(error?.message).toMatch(/^Mutation\.price: nothing was written/);
    expect(error?.message).not.toContain('1.25');
    expect(error?.originalError).toMatchObject({ code: 'CACHE_UNSTORABLE_WRITE' });
    expect((await query('{ price(id: 1) { id } }')).data).toEqual({ price: { id: '1 of the origin' } });
    expect((await cache.writes.journal()).size?.pending).toBe(0);
    await cache.close();
    expect(flushed).toEqual([]);
  });
});
