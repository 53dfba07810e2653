import { describe, expect, it } from 'vitest';
import { playbackOrigin } from '../../src/origins/playback.js';

const failing = (code: string | undefined) => {
  const error = Object.assign(new Error('the database failed'), code === undefined ? {} : { code });
  const { flush, isPermanent } = playbackOrigin;
  const database = { pool: { query: () => Promise.reject(error) } as never };
  const state = { userId: 1, movieId: 2, positionSeconds: 3, updatedAt: new Date(0) };
  return flush([{ seq: 1, state }], { database }).then(() => 'written', isPermanent);
};

describe('an error while positions are flushed', () => {
  it.each<[what: string, code: string | undefined, verdict: boolean | undefined]>([
    ['a film that was deleted', '23503', true],
    ['a number that does not fit', '22003', true],
    ['a connection that was lost', undefined, false],
    ['a refused connection', 'ECONNREFUSED', false],
    ['a broken pipe', 'EPIPE', false],
    ['a server that shuts down', '57P01', false],
    ['a server that became a replica', '25006', false],
    ['a deadlock', '40P01', false],
    ['a trigger that raises', 'P0001', undefined],
    ['a statement that is too complex', '54001', undefined],
  ])('says of %s (%s) whether trying again is of no use: %s', async (_what, code, verdict) => {
    expect(await failing(code)).toBe(verdict);
  });

  it('is final for what is no position', async () => {
    const { flush, isPermanent } = playbackOrigin;
    const database = { pool: {} as never };
    expect(await flush([{ seq: 1, state: 'nowhere' }], { database }).then(() => 'written', isPermanent)).toBe(
      true,
    );
  });
});
