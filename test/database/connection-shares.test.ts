import { describe, expect, it } from 'vitest';
import { connectionShares } from '../../src/database/connection-shares.js';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Shares, and for each owner how many of its works have a place. */
function world(places: number, waitMs = 60_000) {
  const shares = connectionShares({ places, waitMs, first: 'Session' });
  const held = new Map<string, (() => void)[]>();
  const want = async (...owners: string[]): Promise<void> => {
    const giveBack = await shares.take(owners);
    const name = owners.join();
    held.set(name, [...(held.get(name) ?? []), giveBack]);
  };
  const wantMany = async (count: number, ...owners: string[]): Promise<number> => {
    for (let index = 0; index < count; index += 1) void want(...owners).catch(() => undefined);
    await settled();
    return held.get(owners.join())?.length ?? 0;
  };
  const giveBack = async (name: string): Promise<void> => {
    held.get(name)?.shift()?.();
    await settled();
  };
  return { shares, want, wantMany, giveBack, held: (name: string) => held.get(name)?.length ?? 0 };
}

describe('shares of connections', () => {
  it('leave some to others, however many works of one table stand still', async () => {
    const { wantMany, shares } = world(8);
    expect(await wantMany(100, 'Movie')).toBe(4);
    expect(await wantMany(100, 'Rating')).toBe(2);
    expect(await wantMany(100, 'Person')).toBe(1);
    // The last one is for what every request needs first.
    expect(await wantMany(100, 'User')).toBe(0);
    expect(await wantMany(100, 'Session')).toBe(1);
    expect(shares.waiting).toBe(500 - 8);
  });

  it('count a work for all tables it names', async () => {
    const { wantMany } = world(8);
    await wantMany(3, 'Movie');
    expect(await wantMany(5, 'Movie', 'Rating')).toBe(1);
    expect(await wantMany(5, 'Rating')).toBe(1);
  });

  it('do not let sessions that stand still take everything', async () => {
    const { wantMany } = world(8);
    expect(await wantMany(100, 'Session')).toBe(4);
    expect(await wantMany(100, 'Movie')).toBe(2);
  });

  it('go to the table that holds fewest, as soon as one becomes free', async () => {
    const { wantMany, giveBack, held } = world(4);
    expect(await wantMany(3, 'Movie')).toBe(2);
    expect([await wantMany(2, 'Rating'), await wantMany(1, 'Person')]).toEqual([1, 0]);
    await giveBack('Movie');
    expect([held('Movie'), held('Rating'), held('Person')]).toEqual([1, 1, 1]);
    await giveBack('Person');
    expect([held('Movie'), held('Rating'), held('Person')]).toEqual([1, 1, 0]);
    await giveBack('Rating');
    expect([held('Movie'), held('Rating')]).toEqual([2, 1]);
  });

  it('use the few there are where there are few', async () => {
    expect(await world(1).wantMany(5, 'Movie')).toBe(1);
    expect(await world(2).wantMany(5, 'Movie')).toBe(1);
    expect(await world(3).wantMany(5, 'Movie')).toBe(2);
  });

  it('are waited for no longer than is allowed, and the place goes to another', async () => {
    const { want, wantMany, giveBack, shares } = world(1, 20);
    await want('Movie');
    await expect(want('Movie', 'Rating')).rejects.toThrow(
      'No connection to PostgreSQL became free for Movie and Rating within 20 ms.',
    );
    expect(shares.waiting).toBe(0);
    await giveBack('Movie');
    expect(await wantMany(1, 'Person')).toBe(1);
  });
});
