import { describe, expect, it } from 'vitest';
import { memoryJournal, type Journal } from '../../../src/cache/index.js';
import { manualClock } from '../../support/manual-clock.js';
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

  describe('where rows belong to tenants', () => {
    const tenants = (clock = manualClock()) =>
      places({
        clock,
        vary: { tenant: ({ tenant }) => tenant },
        varyTags: ['tenant'],
        other: '@cached(ttl: 60, key: "Row:1", vary: ["tenant"])',
      });

    it.each([
      ['nothing more', {}],
      ['no value', { vary: {} }],
      ['a value that is undefined', { vary: { tenant: undefined } }],
    ])('sees with %s what is pending, and what was flushed', async (_what, more) => {
      const clock = manualClock();
      const { cache, table, note } = await tenants(clock);
      const fetch = () => cache.fetch('Place:1', { ttl: 60, ...more }, () => table.load('1'));
      table.rows.set('1', { seconds: 5, seq: 1 });
      expect(await fetch()).toMatchObject({ seconds: 5 });
      await note(1, 10);
      expect(await fetch()).toMatchObject({ seconds: 10 });
      const pending = async () => {
        clock.advance(1000);
        return (await cache.writes.journal()).size?.pending;
      };
      await expect.poll(pending, { interval: 2 }).toBe(0);
      table.rows.set('1', { seconds: 20, seq: Infinity });
      expect(await fetch()).toMatchObject({ seconds: 20 });
    });

    it('is refused with the variant of one of them, and with tags that its own rows may have', async () => {
      const { cache } = await tenants();
      const fetch = (more: object) => cache.fetch('Place:1', { ttl: 60, ...more }, () => 1);
      await expect(fetch({ vary: { tenant: 'one' } })).rejects.toThrow(
        'vary must be left out, because the namespace "Place" is written behind',
      );
      await expect(fetch({ tags: ['Row:1'] })).rejects.toThrow(
        'leave tags out, or pass vary: { tenant: undefined }',
      );
      expect(await fetch({ tags: ['Row:1'], vary: { tenant: undefined } })).toBe(1);
    });
  });
});
