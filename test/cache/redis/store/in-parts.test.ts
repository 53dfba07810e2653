import { describe, expect, it } from 'vitest';
import { inParts, readInParts } from '../../../../src/cache/redis/store/in-parts.js';

/** Notes the size of each part, and answers with what each item is. */
function noting() {
  const parts: number[] = [];
  const operation = (items: readonly { readonly id: number }[]): Promise<readonly string[]> => {
    parts.push(items.length);
    return Promise.resolve(items.map(({ id }) => `answer ${id}`));
  };
  return { parts, operation };
}

const addresses = Array.from({ length: 5000 }, (_, id) => ({ id }));

describe('many items in parts', () => {
  it('are answered in their order, 250 scripts at a time', async () => {
    const { parts, operation } = noting();
    expect(await inParts(addresses.slice(0, 600), operation)).toEqual(
      addresses.slice(0, 600).map(({ id }) => `answer ${id}`),
    );
    expect(parts).toEqual([250, 250, 100]);
  });

  it('are read together where they are mostly the same', async () => {
    const { parts, operation } = noting();
    const asked = Array.from({ length: 9000 }, (_, at) => addresses[(at * 7) % 1000] ?? { id: -1 });
    expect(await readInParts(asked, operation)).toEqual(asked.map(({ id }) => `answer ${id}`));
    expect(parts).toEqual([9000]);
  });

  it('are read once each, 2,000 at a time, where many of them differ', async () => {
    const { parts, operation } = noting();
    const asked = Array.from({ length: 9000 }, (_, at) => addresses[(at * 7) % 5000] ?? { id: -1 });
    expect(await readInParts(asked, operation)).toEqual(asked.map(({ id }) => `answer ${id}`));
    expect(parts).toEqual([2000, 2000, 1000]);
  });
});
