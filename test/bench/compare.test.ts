import path from 'node:path';
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { compare } from '../../bench/compare/compare.js';
import { naiveCache } from '../../bench/compare/contestants/naive-cache.js';
import { rowsOf } from '../../bench/compare/page/figures.js';
import { figuresOf, mayReplace } from '../../bench/compare/page/publish.js';
import { filled } from '../../bench/published/page.js';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { createGate } from '../support/gate.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { privateRedis } from '../support/private-redis.js';
import { bundled } from '../support/run/bundled.js';

const closers: Closer[] = [];
afterAll(() => closeAll(closers));

/** Busy with all tests, a machine answers too little of the traffic in so short a time. */
const isLong = process.env['ATTACKS'] === 'long';
const contestants = ['naive', 'write-behind', 'configured'] as const;

if (isLong)
  describe.skipIf(!needsPostgres() || !needsRedis())('a short run', () => {
    it('shows stale reads of the naive control alone, loses no write, and fills the table', async ({
      signal,
    }) => {
      const { measured, backends } = await compare({
        contestants,
        rounds: 1,
        traffic: { seconds: 4, seed: 42, rate: 60 },
        databaseUrl: undefined,
        redisUrl: undefined,
        program: bundled(path.resolve('bench/compare/api-program.ts')),
        tell: () => undefined,
        signal,
      });
      expect(backends).toMatch(/^PostgreSQL \d+\.\d+, Redis \d/);
      const rows = rowsOf(measured);
      expect(rows.map(({ contestant }) => contestant)).toEqual(contestants);
      for (const { contestant, staleRows, staleLists, crash, requests, errors, hitRate } of rows) {
        const stale = staleRows + staleLists;
        if (contestant === 'naive') expect(stale).toBeGreaterThan(0);
        else expect({ contestant, stale }).toEqual({ contestant, stale: 0 });
        expect({ contestant, lost: crash?.lost }).toEqual({ contestant, lost: 0 });
        expect(crash?.acknowledged).toBeGreaterThan(0);
        expect(errors).toBeLessThan(requests / 2);
        expect(hitRate?.median).toBeGreaterThan(0);
      }
      const figures = figuresOf({ rows, facts: 'today', reservations: [] });
      expect(figures).not.toMatch(/NaN|undefined|not measured/);
      const table = figures.split('\n').filter((line) => line.startsWith('|'));
      expect(table).toHaveLength(2 + contestants.length);
    }, 150_000);
  });

describe.skipIf(!needsRedis())('the naive cache', () => {
  it('keeps what was loaded before a write that deleted its key, and loads once for all who ask at once', async () => {
    const server = await privateRedis();
    closers.push({ what: 'Redis', close: server.stop });
    const redis = new Redis(server.url);
    closers.push({ what: 'a client', close: () => Promise.resolve(redis.disconnect()) });
    const cache = naiveCache(redis, 'test');
    const loaded = createGate();
    let loads = 0;
    const slow = async (): Promise<string> => {
      loads += 1;
      await loaded.wait();
      return 'before';
    };
    const reads = [cache.read('film', 60, slow), cache.read('film', 60, slow)];
    await expect.poll(() => loads).toBe(1);
    await cache.forget('film');
    loaded.open();
    expect(await Promise.all(reads)).toEqual(['before', 'before']);
    expect(await cache.read('film', 60, () => Promise.resolve('after'))).toBe('before');
    expect(loads).toBe(1);
  });
});

describe('the page', () => {
  const page = readFileSync('docs/patterns-compared.md', 'utf8');

  it('keeps a full run on a quiet machine, whatever a glimpse has measured', () => {
    const full = filled(page, figuresOf({ rows: [], facts: '', reservations: [] }), 'compare');
    const glimpse = { reservations: ['the machine was busy'] };
    expect(mayReplace(full, glimpse)).toBe(false);
    expect(mayReplace(full, { reservations: [] })).toBe(true);
    const shown = filled(page, figuresOf({ rows: [], facts: '', ...glimpse }), 'compare');
    expect(shown).toContain('**Only a glimpse**: the machine was busy.');
    expect(mayReplace(shown, glimpse)).toBe(true);
  });
});
