import { describe, expect, it } from 'vitest';
import { testCache } from '../../support/test-cache.js';

const typeDefs = 'type Query { nothing: Int }';

describe('cache.fetch with more than an entry can carry', () => {
  it.each<[string, string, readonly string[]]>([
    ['a key of 70,000 characters', `K:${'k'.repeat(70_000)}`, []],
    ['a key that UTF-8 cannot carry', 'K:k\ud800', []],
    ['300 tags', 'K:1', Array.from({ length: 300 }, (_, at) => `Tag:${at}`)],
  ])('says so before it loads, or answers what it loads: %s', async (_what, key, tags) => {
    const { cache } = testCache({ typeDefs });
    let loads = 0;
    const fetched = cache.fetch(key, { ttl: 60, tags }, () => (loads += 1));
    const outcome = await fetched.catch((error: unknown) => ({ error }));
    if (loads > 0) expect(outcome).toBe(1);
    else expect(outcome).toMatchObject({ error: { code: 'CACHE_FETCH_OPTIONS' } });
  });
});

describe('a call of cache.fetch or cache.invalidate that JavaScript lets pass', () => {
  const options = { ttl: 60 };
  const load = (): number => 1;

  it.each<[string, unknown[], string]>([
    ['a key that is no text', [42, options, load], 'the key must be a text such as "A:1", but got 42'],
    [
      'no options and no load',
      ['A:1'],
      'ttl must be a positive number of seconds, but got undefined; ' +
        'the third argument must be a function that loads, but got undefined',
    ],
    [
      'a promise in the place of the load',
      ['A:1', options, Promise.resolve(1)],
      'the third argument must be a function that loads, but got an object',
    ],
    ['null for options', ['A:1', null, load], 'ttl must be a positive number of seconds, but got undefined'],
    [
      'times that are texts',
      ['A:1', { ttl: '60', swr: '5' }, load],
      'ttl must be a positive number of seconds, but got "60"; swr must be a number, but got "5"',
    ],
    [
      'a null that is kept for ever',
      ['A:1', { ttl: 60, negativeTtl: Infinity }, load],
      'negativeTtl must not be longer than ttl, but got negativeTtl: Infinity and ttl: 60',
    ],
    [
      'copies and nulls that are kept longer than values',
      ['A:1', { ttl: 60, local: 61, negativeTtl: 61 }, load],
      'local must not be longer than ttl, but got local: 61 and ttl: 60; ' +
        'negativeTtl must not be longer than ttl, but got negativeTtl: 61 and ttl: 60',
    ],
    [
      'tags that are a text',
      ['A:1', { ttl: 60, tags: 'Session' }, load],
      'tags must be a list of texts such as ["Movie:42"], but got "Session"',
    ],
    [
      'a tag that is no text',
      ['A:1', { ttl: 60, tags: ['A', 7] }, load],
      'tags must be a list of texts such as ["Movie:42"], but tags[1] is 7',
    ],
    [
      'a signal that is none',
      ['A:1', { ttl: 60, signal: 'now' }, load],
      'signal must be an AbortSignal, but got "now"',
    ],
  ])('is refused with a sentence, and nothing loads: %s', async (_what, given, sentence) => {
    const { cache } = testCache({ typeDefs });
    const fetched: Promise<unknown> = Reflect.apply(cache.fetch, cache, given);
    await expect(fetched).rejects.toMatchObject({
      code: 'CACHE_FETCH_OPTIONS',
      message: `cache.fetch: ${sentence}`,
    });
    expect(cache.stats.counters()).toEqual({});
  });

  it.each<[string, unknown[], string]>([
    ['a text', ['Session:42'], 'but got "Session:42"'],
    ['nothing', [], 'but got undefined'],
    ['an id', [[42]], 'but tags[0] is 42'],
  ])('tells of tags to invalidate that are no list of texts: %s', async (_what, given, end) => {
    const { cache } = testCache({ typeDefs });
    const invalidated: Promise<unknown> = Reflect.apply(cache.invalidate, cache, given);
    await expect(invalidated).rejects.toMatchObject({
      code: 'CACHE_FETCH_OPTIONS',
      message: `cache.invalidate: tags must be a list of texts such as ["Movie:42"], ${end}`,
    });
  });
});

it('keeps a null no longer than a value, where that is less than a second', async () => {
  const { cache, clock } = testCache({ typeDefs });
  let loads = 0;
  const fetch = () =>
    cache.fetch('A:1', { ttl: 0.5 }, () => {
      loads += 1;
      return null;
    });
  await fetch();
  clock.advance(499);
  await fetch();
  expect(loads).toBe(1);
  clock.advance(2);
  await fetch();
  expect(loads).toBe(2);
});
