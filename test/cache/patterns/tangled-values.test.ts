import { describe, expect, it } from 'vitest';
import { createGate } from '../../support/gate.js';
import { testCache } from '../../support/test-cache.js';

class Version {
  readonly number = 1;
}

/** Few objects, each of which is reached by twice as many ways as those above it. */
function tangled(levels: number): object {
  let below: unknown[] = [new Version()];
  for (let level = 0; level < levels; level += 1) {
    below = [0, 1].map((at) => ({ name: `${level} ${at}`, deps: below }));
  }
  return { name: 'app', deps: below };
}

describe('a value whose parts are reached by many ways', () => {
  const start = () => {
    let looks = 0;
    const gate = createGate();
    const made = testCache({
      typeDefs: `
        type Part { name: String deps: [Part] }
        type Query { part(levels: Int!): Part @cached(ttl: 60) waiting: Part @cached(ttl: 60) }
      `,
      resolvers: {
        Query: {
          part: (_parent, { levels }) => tangled(levels),
          waiting: async () => {
            await gate.wait();
            return tangled(20);
          },
        },
      },
      types: [
        {
          name: 'Version',
          is: (value): value is Version => value instanceof Version,
          encode: () => {
            looks += 1;
            return '1';
          },
          decode: () => new Version(),
        },
      ],
    });
    return { ...made, gate, looks: () => looks };
  };

  it('is stored where it is small', async () => {
    const { query, cache } = start();
    for (let times = 0; times < 2; times += 1)
      expect((await query('{ part(levels: 3) { deps { name } } }')).data).toMatchObject({
        part: { deps: [{ name: '2 0' }, { name: '2 1' }] },
      });
    expect(cache.stats.counters()['Query.part']).toMatchObject({ stored: 1, hits: 1, tooLarge: 0 });
  });

  it('is answered as too large, and not looked at on each of them', async () => {
    const { query, cache, looks } = start();
    const { data } = await query('{ part(levels: 20) { deps { name } } }');
    expect(data).toMatchObject({ part: { deps: [{ name: '19 0' }, { name: '19 1' }] } });
    expect(cache.stats.counters()['Query.part']).toMatchObject({ stored: 0, tooLarge: 1, unstorable: 0 });
    expect(looks()).toBeLessThan(100_000);
  });

  it('is loaded by each of those who wait for one load: what is not encoded cannot be copied', async () => {
    const { query, cache, gate } = start();
    const answers = Promise.all([1, 2, 3].map(() => query('{ waiting { name } }')));
    await gate.arrived();
    gate.open();
    for (const { data } of await answers) expect(data).toEqual({ waiting: { name: 'app' } });
    expect(cache.stats.counters()['Query.waiting']).toMatchObject({ loads: 3, tooLarge: 3 });
  });
});
