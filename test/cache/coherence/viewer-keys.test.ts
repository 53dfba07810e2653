import { afterEach, describe, expect, it, vi } from 'vitest';
import { endsInViewer, holdsViewerAt } from '../../../src/cache/keys/holds-viewer.js';
import * as defaultKeys from '../../../src/cache/keys/default-key.js';
import { parseTemplate } from '../../../src/cache/keys/template.js';
import { testCache } from '../../support/test-cache.js';

vi.mock(import('../../../src/cache/keys/default-key.js'), { spy: true });

afterEach(() => vi.mocked(defaultKeys.defaultKey).mockReset());

const typeDefs = /* GraphQL */ `
  type Query {
    mine(text: String): String @cached(ttl: 60, scope: PRIVATE)
    named(text: String): String @cached(ttl: 60, scope: PRIVATE, key: "Named:{args.text}:{viewer.id}")
    first(text: String): String @cached(ttl: 60, scope: PRIVATE, key: "First:{viewer.id}:{args.text}")
  }
`;

function privateCache(environment: 'test' | 'production' = 'test') {
  const mine = (_: unknown, __: unknown, context: { viewer?: { id: string } }): string =>
    `for ${context.viewer?.id}`;
  return testCache({ typeDefs, environment, resolvers: { Query: { mine, named: mine, first: mine } } });
}

const ann = { viewer: { id: 'ann' } };
const bob = { viewer: { id: 'bob' } };

describe('a PRIVATE field whose key does not hold its viewer', () => {
  const withoutViewer = (): void => {
    vi.mocked(defaultKeys.defaultKey).mockImplementation(({ coordinate }) => `${coordinate}()`);
  };

  it('is refused aloud in test', async () => {
    withoutViewer();
    const { query, cache } = privateCache();
    expect((await query('{ mine }', ann)).result.errors?.[0]?.message).toBe(
      'Query.mine: an entry was refused, because it is PRIVATE, but its key does not hold the viewer',
    );
    expect(cache.stats.counters()['Query.mine']).toMatchObject({ stored: 0, loads: 0, refused: 1 });
  });

  it('is answered to each viewer alone in production, stored for nobody, counted and told once', async () => {
    withoutViewer();
    const { query, cache, logged } = privateCache('production');
    for (const { viewer } of [ann, bob, ann]) {
      expect((await query('{ mine }', { viewer })).data).toEqual({ mine: `for ${viewer.id}` });
    }
    const together = await Promise.all([ann, bob].map((context) => query('{ mine }', context)));
    expect(together.map(({ data }) => data)).toEqual([{ mine: 'for ann' }, { mine: 'for bob' }]);
    const counters = cache.stats.counters()['Query.mine'];
    expect(counters).toMatchObject({ stored: 0, hits: 0 });
    expect(counters?.refused).toBeGreaterThan(0);
    expect(logged).toEqual([
      'error an entry was refused; please report this ' +
        '{"coordinate":"Query.mine","reason":"it is PRIVATE, but its key does not hold the viewer"}',
    ]);
  });
});

describe('a PRIVATE field with a long key', () => {
  const long = 'x'.repeat(1000);

  it.each(['mine', 'first'])('still has one entry per viewer: %s', async (field) => {
    const { query } = privateCache();
    const source = `{ ${field}(text: "${long}") }`;
    for (const outcome of ['MISS', 'HIT']) {
      for (const context of [ann, bob]) {
        const { data, outcomes } = await query(source, context);
        expect(data).toEqual({ [field]: `for ${context.viewer.id}` });
        expect(outcomes).toEqual([`Query.${field} ${outcome}`]);
      }
    }
  });

  it('is resolved and not stored where the viewer would be cut off', async () => {
    const { query } = privateCache();
    for (const context of [ann, bob, ann]) {
      const { data, evidence } = await query(`{ named(text: "${long}") }`, context);
      expect(data).toEqual({ named: `for ${context.viewer.id}` });
      expect(evidence.fields).toMatchObject([
        { outcome: 'BYPASS', reason: 'the key is too long to show its viewer' },
      ]);
    }
  });

  it('has one entry per viewer whose ids are long', async () => {
    const { query } = privateCache();
    for (const id of [`${long}1`, `${long}2`, `${long}1`]) {
      expect((await query('{ mine }', { viewer: { id } })).data).toEqual({ mine: `for ${id}` });
    }
  });
});

describe('whether a key holds a viewer', () => {
  it('is said of default keys by their end', () => {
    expect(endsInViewer('Query.me()@ann', 'ann')).toBe(true);
    expect(endsInViewer('Query.me()@joann', 'ann')).toBe(false);
    expect(endsInViewer('Query.me()', 'ann')).toBe(false);
  });

  it.each<[string, string, string, boolean]>([
    ['P:{viewer.id}', 'P:ann', 'ann', true],
    ['P:{viewer.id}', 'P:annie', 'ann', false],
    ['P:{viewer.id}', 'P:', 'ann', false],
    ['P:{args.x}/{viewer.id}:z', 'P:1/ann:z', 'ann', true],
    ['P:{args.x}/{viewer.id}:z', 'P:ann/1:z', 'ann', false],
    ['P:u{viewer.id}x:{args.x}', 'P:uannx:1', 'ann', true],
    ['P:u{viewer.id}x:{args.x}', 'P:uann:1', 'ann', false],
  ])('is said by the place of {viewer.id} in %s: %s of %s', (source, key, viewer, holds) => {
    const template = parseTemplate(source);
    if (typeof template === 'string') throw new Error(template);
    expect(holdsViewerAt(template)(key, viewer)).toBe(holds);
  });
});
