import { describe, expect, it } from 'vitest';
import { memoryJournal, type Journal } from '../../../src/cache/index.js';
import { awayAndBack, places } from '../../support/worlds/places.js';

describe('cache.fetch of a key that is written behind', () => {
  const fetched = ({ cache, table }: Awaited<ReturnType<typeof places>>) =>
    cache.fetch('Place:1', { ttl: 60 }, () => table.load('1'));

  it('sees a write that the database does not have, and leaves it to the readers of the field', async () => {
    const world = await places();
    world.table.rows.set('1', { seconds: 5, seq: 1 });
    await world.note(1, 10);
    expect(await fetched(world)).toMatchObject({ seconds: 10 });
    expect(await world.read('through', 1)).toEqual([10, 'HIT']);
  });

  it('stores nothing where the journal cannot tell what is pending', async () => {
    const door = awayAndBack(memoryJournal());
    const world = await places({ journal: door.journal satisfies Journal });
    world.table.rows.set('1', { seconds: 5, seq: 1 });
    await world.note(1, 10);
    door.isAway = true;
    expect(await fetched(world)).toMatchObject({ seconds: 5 });
    door.isAway = false;
    expect(await world.read('through', 1)).toEqual([10, 'PENDING']);
  });

  it.each<[string, object, string]>([
    ['copies of a process', { local: 5 }, 'local must be 0, because the namespace "Place" is written behind'],
    [
      'variants',
      { vary: { tenant: 'one' } },
      'vary must be left out, because the namespace "Place" is written behind',
    ],
  ])('is refused with %s', async (_what, more, words) => {
    const { cache } = await places();
    await expect(cache.fetch('Place:1', { ttl: 60, ...more }, () => 1)).rejects.toThrow(words);
  });
});
