import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashToken } from '../../src/accounts/session-token.js';
import { createSessions, type SessionCache } from '../../src/accounts/sessions.js';
import type { Database } from '../../src/database/database.js';
import { manualClock } from '../support/manual-clock.js';
import { fixtureDatabase } from '../support/worlds/test-api.js';

let database: Database;
beforeAll(async () => {
  database = await fixtureDatabase();
});
afterAll(() => database.close());

/** A cache at its worst: whatever it has seen it answers for ever. */
function stubbornCache(): SessionCache {
  const entries = new Map<string, Promise<unknown>>();
  return {
    fetch: <T>(key: string, _options: unknown, load: () => Promise<T>): Promise<T> => {
      const entry = entries.get(key) ?? load();
      entries.set(key, entry);
      return entry as Promise<T>;
    },
    invalidate: () => Promise.resolve(),
  };
}

const bounds = {
  maxAgeMs: 30 * 24 * 60 * 60_000,
  maxPerAccount: 50,
  onNotExtended: (error: unknown): void => {
    throw error;
  },
};

describe('sessions', () => {
  it('are not accepted from the cache once they are over', async () => {
    const clock = manualClock();
    const sessions = createSessions({
      database,
      cache: stubbornCache(),
      nowMs: () => clock.nowMs(),
      ...bounds,
    });
    const { token, expiresAt } = await sessions.open(1);
    expect((await sessions.authenticate(token))?.viewer).toEqual({ id: 1, role: 'MEMBER' });
    clock.advance(expiresAt.getTime() - clock.nowMs() - 1);
    expect((await sessions.authenticate(token))?.viewer).toEqual({ id: 1, role: 'MEMBER' });
    clock.advance(1);
    expect(await sessions.authenticate(token)).toBeUndefined();
  });

  it('that were ended meanwhile are not brought back by a use that moves their end on', async () => {
    const clock = manualClock();
    const sessions = createSessions({
      database,
      cache: stubbornCache(),
      nowMs: () => clock.nowMs(),
      ...bounds,
    });
    const { token } = await sessions.open(1);
    const known = await sessions.authenticate(token);
    if (known === undefined) throw new Error('The session was not accepted.');
    await sessions.end(known.session);
    clock.advance(60 * 60_000);
    await sessions.authenticate(token);
    expect(await database.prisma.session.count({ where: known.session })).toBe(0);
  });

  it('that end all together, or make room for a new one, are told to the cache one by one', async () => {
    const clock = manualClock();
    const told: string[] = [];
    const cache = {
      ...stubbornCache(),
      invalidate: (tags: readonly string[]) => Promise.resolve(void told.push(...tags)),
    };
    const sessions = createSessions({
      database,
      cache,
      nowMs: () => clock.nowMs(),
      ...bounds,
      maxPerAccount: 2,
    });
    await sessions.endAll(2);
    const tokens: string[] = [];
    for (let opened = 0; opened < 3; opened += 1) {
      clock.advance(1);
      tokens.push((await sessions.open(2)).token);
    }
    const [oldest = '', ...others] = tokens.map((token) => `Session:${hashToken(token)}`);
    expect(told).toEqual([oldest]);
    expect(await sessions.endAll(2)).toBe(2);
    expect(told.slice(1).sort()).toEqual(others.sort());
  });
});
