import { describe, expect, it } from 'vitest';
import { sharedSecret } from '../../src/database/shared-secret.js';
import { createMovieCursors } from '../../src/resolvers/movie-cursor.js';
import { memoryDatabase } from '../support/servers/memory-database.js';

const cursors = createMovieCursors(Buffer.from('a secret'));

describe('the cursor of a film', () => {
  it.each([
    { votes: 900, id: 1 },
    { votes: 0, id: 3200 },
    { votes: -1, id: 2_147_483_647 },
    { votes: 2_147_483_647, id: 7 },
  ])('names its place: $votes votes, id $id', (place) => {
    const cursor = cursors.write(place);
    expect(cursor).toMatch(/^[A-Za-z0-9_-]{1,100}$/);
    expect(cursors.read(cursor)).toEqual(place);
  });

  it('is refused once any character of it was changed, or added', () => {
    const cursor = cursors.write({ votes: 900, id: 1 });
    const changed = Array.from(cursor, (character, index) => {
      const other = character === 'A' ? 'B' : 'A';
      return cursor.slice(0, index) + other + cursor.slice(index + 1);
    });
    for (const text of [...changed, `${cursor}A`, `${cursor}=`, ` ${cursor}`, cursor.slice(0, -1)]) {
      expect(cursors.read(text)).toBeUndefined();
    }
  });

  it('is refused where its signature is that of another place, or of another secret', () => {
    const signature = Buffer.from(cursors.write({ votes: 900, id: 1 }), 'base64url')
      .toString()
      .split('.')[2];
    expect(cursors.read(Buffer.from(`900.2.${signature}`).toString('base64url'))).toBeUndefined();
    const others = createMovieCursors(Buffer.from('another secret'));
    expect(cursors.read(others.write({ votes: 900, id: 1 }))).toBeUndefined();
  });

  it('is read by all processes on a database, also those that begin together', async () => {
    const { prisma, close } = await memoryDatabase();
    const [one, other] = await Promise.all([sharedSecret(prisma, 'x'), sharedSecret(prisma, 'x')]);
    const third = await sharedSecret(prisma, 'x');
    expect(one).toHaveLength(32);
    expect([other, third]).toEqual([one, one]);
    expect(await sharedSecret(prisma, 'y')).not.toEqual(one);
    await close();
  });
});
