import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { manualClock } from '../../support/manual-clock.js';
import { testCache } from '../../support/test-cache.js';

it('inspect tells of a variant that it is fresh, until its row is ended', async () => {
  const { cache, query } = testCache({
    typeDefs: 'type Query { label(id: ID!): Int @cached(ttl: 60, key: "Label:{args.id}", vary: ["tenant"]) }',
    vary: { tenant: (context) => context.tenant },
    resolvers: { Query: { label: () => 1 } },
  });
  onTestFinished(() => cache.close());
  await query('{ label(id: 1) }', { tenant: 'acme' });
  expect(await cache.tools.inspect('Label:1|tenant=acme')).toMatchObject({ state: 'fresh' });
  await cache.invalidate(['Label:1']);
  expect(await cache.tools.inspect('Label:1|tenant=acme')).not.toMatchObject({ state: 'fresh' });
});

describe('what looks like a variant, and is a part of an argument', () => {
  const long = 'a'.repeat(90);
  const texts = [
    'a|locale=x',
    'a)|locale=x',
    '|locale=x|tenant=y|',
    `a|locale=${long}|locale=${long}~${long}`,
    `a)|locale=${'b'.repeat(300)}`,
    `|locale=${'c'.repeat(90)}~${'d'.repeat(43)}`,
    `${long}~${'e'.repeat(43)}|locale=x`,
  ];
  /** A memory store that notes the keys under which it stores. */
  const notingStore = () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const keys: string[] = [];
    const noting: Store = {
      ...store,
      fill: (fills) => {
        keys.push(...fills.map(({ key }) => key));
        return store.fill(fills);
      },
    };
    return { clock, keys, store: noting };
  };
  const world = (scope: string) => {
    const { clock, keys, store } = notingStore();
    const echo = (_: unknown, { text }: { text?: string }) => text;
    const viewer = scope === '' ? '' : '{viewer.id}:';
    const tested = testCache({
      typeDefs: `type Query {
        search(text: String): String @cached(ttl: 60, sameFor: ["tenant", "locale"]${scope})
        local(text: String): String @cached(ttl: 60, sameFor: ["tenant"]${scope})
        named(text: String): String @cached(ttl: 60, key: "Named:${viewer}{args.text}"${scope})
      }`,
      vary: { locale: (context) => context.locale, tenant: (context) => context.tenant },
      varyAll: ['tenant', 'locale'],
      resolvers: { Query: { search: echo, local: echo, named: echo } },
      ...{ clock, store },
    });
    onTestFinished(() => tested.cache.close());
    const context = { viewer: { id: 'ann' }, locale: 'de', tenant: 'a "b" (c)|d@é~/+!' };
    const read = (text: string) =>
      tested.query(`{ search(text: "${text}") local(text: "${text}") named(text: "${text}") }`, context);
    return { ...tested, keys, read };
  };

  it.each(['', ', scope: PRIVATE'])('is none for inspect, of fields with "%s"', async (scope) => {
    const { cache, keys, read } = world(scope);
    for (const text of texts) await read(text);
    expect(keys).toHaveLength(3 * texts.length);
    for (const key of keys)
      expect([key, await cache.tools.inspect(key)]).toMatchObject([key, { state: 'fresh' }]);
  });

  it('is shown as it is in evidence, and the variant is not', async () => {
    const { read } = world('');
    const { evidence } = await read('a|locale=x');
    expect(evidence.fields.map(({ key }) => key)).toEqual([
      'Query.search(text:"a|locale=x")',
      expect.stringMatching(/^Query\.local\(text:"a\|locale=x"\)\|locale=#[0-9a-f]{6}$/),
      expect.stringMatching(/^Named:a%7clocale%3dx\|locale=#[0-9a-f]{6}\|tenant=#[0-9a-f]{6}$/),
    ]);
  });

  it('is none in a key of cache.fetch, and a variant of that is one', async () => {
    const { cache } = world('');
    const load = () => 1;
    await cache.fetch('T:a|locale=x', { ttl: 60 }, load);
    await cache.fetch('T:b|locale=x', { ttl: 60, vary: { locale: 'de' } }, load);
    for (const key of ['T:a||locale=x', 'T:b||locale=x|locale=de'])
      expect(await cache.tools.inspect(key)).toMatchObject({ key, state: 'fresh' });
  });
});
