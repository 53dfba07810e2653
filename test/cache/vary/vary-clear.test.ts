import { describe, expect, it } from 'vitest';
import { createGate } from '../../support/gate.js';
import { testCache, type TestCacheOptions, type TestContext } from '../../support/test-cache.js';

const typeDefs = `
  type Query {
    word: String @cached(ttl: 60, key: "Word:1")
    fixed: String @cached(ttl: 60, sameFor: ["tenant"])
    mine: String @cached(ttl: 60, scope: PRIVATE)
    named: String @cached(ttl: 60, scope: PRIVATE, key: "Named:{viewer.id}")
  }
`;

function words({ wait, ...options }: Partial<TestCacheOptions> & { wait?: () => Promise<void> } = {}) {
  const say = (_: unknown, _args: unknown, { tenant, viewer }: TestContext) =>
    `${String(tenant)} ${viewer?.id ?? ''}`;
  return testCache({
    typeDefs,
    vary: { tenant: ({ tenant }) => tenant },
    varyAll: ['tenant'],
    resolvers: {
      Query: {
        word: (_, _args, { tenant }) => (wait === undefined ? String(tenant) : wait().then(() => 'before')),
        fixed: () => 'fixed',
        mine: say,
        named: say,
      },
    },
    ...options,
  });
}

const ALL = '{ word fixed mine named }';
const ann = { id: 'ann' };
const bob = { id: 'bob' };

async function missed(tested: ReturnType<typeof words>, context: TestContext): Promise<string[]> {
  const { outcomes } = await tested.query(ALL, context);
  return outcomes.flatMap((outcome) =>
    outcome.endsWith('MISS') ? [outcome.replace(/Query\.(\w+) MISS/, '$1')] : [],
  );
}

describe('varyAll', () => {
  it('has all fields vary, PRIVATE ones too, but for those that say sameFor', async () => {
    const tested = words();
    expect((await missed(tested, { tenant: 'acme', viewer: ann })).sort()).toEqual([
      'fixed',
      'mine',
      'named',
      'word',
    ]);
    expect((await missed(tested, { tenant: 'other', viewer: ann })).sort()).toEqual([
      'mine',
      'named',
      'word',
    ]);
    const again = await tested.query(ALL, { tenant: 'other', viewer: ann });
    expect(again.data).toEqual({ word: 'other', fixed: 'fixed', mine: 'other ann', named: 'other ann' });
    expect(again.outcomes.every((outcome) => outcome.endsWith('HIT'))).toBe(true);
  });
});

describe('cache.clearVariant', () => {
  it('clears everything of one value, and nothing else', async () => {
    const tested = words();
    const contexts = [
      { tenant: 'acme', viewer: ann },
      { tenant: 'other', viewer: ann },
      { tenant: 'acme', viewer: bob },
    ];
    for (const context of contexts) await tested.query(ALL, context);
    await tested.cache.clearVariant({ tenant: 'acme' });
    const [acme = [], other = []] = [
      await missed(tested, contexts[0] ?? {}),
      await missed(tested, contexts[1] ?? {}),
    ];
    expect(acme.sort()).toEqual(['mine', 'named', 'word']);
    expect(other).toEqual([]);
  });

  it('tells values of several types apart, and knows the absent one', async () => {
    const { cache, query } = words();
    for (const tenant of ['1', 1, undefined]) await query('{ word }', { tenant });
    await cache.clearVariant({ tenant: 1 });
    expect((await query('{ word }', { tenant: '1' })).outcomes).toEqual(['Query.word HIT']);
    await cache.clearVariant({ tenant: undefined });
    expect((await query('{ word }', {})).outcomes).toEqual(['Query.word MISS']);
    expect((await query('{ word }', { tenant: '1' })).outcomes).toEqual(['Query.word HIT']);
  });

  it('ends loads that began before it', async () => {
    const gate = createGate();
    const { cache, query } = words({ wait: () => gate.wait() });
    const loading = query('{ word }', { tenant: 'acme' });
    await gate.arrived();
    await cache.clearVariant({ tenant: 'acme' });
    gate.open();
    await loading;
    expect((await query('{ word }', { tenant: 'acme' })).outcomes).toEqual(['Query.word MISS']);
  });

  it.each([
    [
      { tennant: 'acme' },
      'cache.clearVariant: there is no "tennant" in vary of createCache (did you mean "tenant"?)',
    ],
    [{}, 'cache.clearVariant: must be given one name and its value, such as { tenant: "acme" }'],
    [
      { tenant: 'a', locale: 'b' },
      'cache.clearVariant: must be given one name and its value, such as { tenant: "acme" }',
    ],
    [
      { tenant: 'x'.repeat(257) },
      'cache.clearVariant: the value of "tenant" cannot be 257 characters; pass at most 256',
    ],
  ])('refuses %j', async (given, message) => {
    await expect(words().cache.clearVariant(given)).rejects.toMatchObject({ code: 'CACHE_VARY', message });
  });
});

describe('cache.clearViewer', () => {
  it('clears everything of one viewer, whatever else it varies by, and nothing else', async () => {
    const tested = words();
    const contexts = [
      { tenant: 'acme', viewer: ann },
      { tenant: 'other', viewer: ann },
      { tenant: 'acme', viewer: bob },
    ];
    for (const context of contexts) await tested.query(ALL, context);
    await tested.cache.clearViewer('ann');
    const after: string[][] = [];
    for (const context of contexts) after.push((await missed(tested, context)).sort());
    expect(after).toEqual([['mine', 'named'], ['mine', 'named'], []]);
  });

  it('refuses what is no viewer', async () => {
    await expect(words().cache.clearViewer('')).rejects.toMatchObject({
      code: 'CACHE_VIEWER',
      message: 'cache.clearViewer: must be given the id of a viewer, a text or a number',
    });
  });
});

describe('cache.fetch with vary', () => {
  const ttl = 60;
  const fetching = () => {
    const { cache } = words();
    let loads = 0;
    const fetch = (key: string, vary?: Readonly<Record<string, string>>) =>
      cache.fetch(key, { ttl, ...(vary && { vary }) }, () => (loads += 1));
    return { cache, fetch };
  };

  it('has an entry for each value, under the same row', async () => {
    const { cache, fetch } = fetching();
    expect([
      await fetch('Rate:1', { tenant: 'a' }),
      await fetch('Rate:1', { tenant: 'b' }),
      await fetch('Rate:1'),
    ]).toEqual([1, 2, 3]);
    expect(await fetch('Rate:1', { tenant: 'a' })).toBe(1);
    await cache.clearVariant({ tenant: 'a' });
    expect([await fetch('Rate:1', { tenant: 'a' }), await fetch('Rate:1', { tenant: 'b' })]).toEqual([4, 2]);
    await cache.invalidate(['Rate:1']);
    expect([
      await fetch('Rate:1', { tenant: 'a' }),
      await fetch('Rate:1', { tenant: 'b' }),
      await fetch('Rate:1'),
    ]).toEqual([5, 6, 7]);
  });

  it('is told apart from keys that look like those of a variant, which are invalidated by their text', async () => {
    const { cache, fetch } = fetching();
    const keys = ['x', 'x|tenant=a', 'x|', 'x||tenant=a', 'x|tenant=a|tenant=a', 'a|b'].map(
      (rest) => `K:${rest}`,
    );
    const all = async () => {
      const found: unknown[] = [];
      for (const key of keys) found.push(await fetch(key), await fetch(key, { tenant: 'a' }));
      return found;
    };
    expect(new Set(await all()).size).toBe(12);
    const first = await all();
    expect(await all()).toEqual(first);
    for (const [index, key] of keys.entries()) {
      await cache.invalidate([key]);
      const after = await all();
      expect(after[index * 2]).not.toBe(first[index * 2]);
      expect(after[index * 2 + 1]).not.toBe(first[index * 2 + 1]);
    }
  });

  it('reads what a field with the same key and values has stored', async () => {
    const { cache, query } = words();
    await query('{ word }', { tenant: 'acme' });
    expect(await cache.fetch('Word:1', { ttl, vary: { tenant: 'acme' } }, () => 'loaded')).toBe('acme');
  });

  it.each([
    [
      { tennant: 'a' },
      'cache.fetch: vary: there is no "tennant" in vary of createCache (did you mean "tenant"?)',
    ],
    [
      { tenant: NaN },
      'cache.fetch: vary: the value of "tenant" cannot be NaN; pass a text, a number, true, false or null, or undefined for none',
    ],
  ])('refuses %j', async (vary, message) => {
    const { cache } = words();
    await expect(cache.fetch('x:1', { ttl, vary }, () => 1)).rejects.toMatchObject({ message });
  });

  it('must name what has rows of its own', async () => {
    const { cache } = words({ varyTags: ['tenant'] });
    await expect(cache.fetch('x:1', { ttl }, () => 1)).rejects.toMatchObject({
      message:
        'cache.fetch: vary must name tenant, whose values have rows of their own (varyTags); pass vary: { tenant: … }',
    });
  });
});
