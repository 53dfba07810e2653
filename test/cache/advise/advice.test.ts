import { describe, expect, it } from 'vitest';
import { adviseOn, type FieldFigures } from '../../../src/cache/advise/index.js';

const quiet: FieldFigures = {
  coordinate: 'Query.film',
  pattern: 'CACHE_ASIDE',
  ttl: 300,
  swr: 0,
  hits: 0,
  misses: 0,
  loads: 0,
  loadMs: 0,
  savedMs: 0,
  stored: 0,
  refreshes: 0,
  changes: 0,
  tooLarge: 0,
  viewerTouched: 0,
};

const cases: readonly [title: string, figures: Partial<FieldFigures>, sentences: readonly string[]][] = [
  ['nothing of a field that nobody reads', {}, []],
  ['nothing of too few refreshes', { hits: 200, refreshes: 19, changes: 0 }, []],
  [
    'nothing of refreshes that few readers saw',
    { pattern: 'CACHE_ASIDE', hits: 6, refreshes: 80, changes: 0 },
    [],
  ],
  [
    'of what PREFETCH refreshed by itself only that nobody reads it',
    { pattern: 'PREFETCH', hits: 6, loads: 82, refreshes: 80, changes: 0 },
    ['82 loads to keep it warm, 6 reads: a shorter warm list or a longer refreshEvery would do.'],
  ],
  [
    'that what seldom changes could live longer',
    { hits: 900, refreshes: 214, changes: 3 },
    ['214 refreshes, 3 changes: ttl 300 could be 3600.'],
  ],
  [
    'no longer ttl than a day',
    { ttl: 50_000, hits: 1000, refreshes: 1000, changes: 0 },
    ['1,000 refreshes, 0 changes: ttl 50000 could be 86400.'],
  ],
  ['nothing of a ttl that is long already', { ttl: 86_400, hits: 1000, refreshes: 1000, changes: 0 }, []],
  [
    'that what always changes is old when it is served',
    { ttl: 60, hits: 500, refreshes: 40, changes: 38 },
    [
      '40 refreshes, 38 changes: what is served may be old; name what it depends on in tags, or make ttl 60 shorter, such as 30.',
    ],
  ],
  ['nothing of what changes now and then', { hits: 500, refreshes: 100, changes: 50 }, []],
  [
    'that entries are seldom read',
    { hits: 12, misses: 288, stored: 288 },
    [
      '4 % hits in 300 reads, an entry is read 0 times in its life: a ttl longer than 300 could help, or no cache at all.',
    ],
  ],
  ['nothing of few reads', { hits: 1, misses: 98, stored: 98 }, []],
  [
    'that reads wait for slow loads',
    { hits: 500, misses: 40, loads: 40, loadMs: 9200, stored: 40 },
    ['40 reads waited for loads that take 230 ms: swr would answer those that come again.'],
  ],
  [
    'what helps where there is swr already',
    { swr: 60, hits: 500, misses: 40, loads: 40, loadMs: 9200, stored: 40 },
    ['40 reads waited for loads that take 230 ms: PREFETCH would load it before a client asks.'],
  ],
  [
    'nothing of one slow call for many entries',
    { pattern: 'READ_THROUGH', hits: 500, misses: 1000, loads: 25, loadMs: 10_000, stored: 1000 },
    [],
  ],
  [
    'that something is kept warm for nobody',
    { pattern: 'PREFETCH', hits: 3, loads: 200 },
    ['200 loads to keep it warm, 3 reads: a shorter warm list or a longer refreshEvery would do.'],
  ],
  [
    'that a field is cached well',
    { hits: 9800, misses: 200, loads: 200, savedMs: 31_000, loadMs: 600 },
    ['98 % hits in 10,000 reads saved 31 s of loads: leave it as it is.'],
  ],
  [
    'what is not stored, and why',
    { tooLarge: 1 },
    ['1 value was larger than maxBytes and not stored: raise maxBytes, or return less.'],
  ],
  [
    'first what lets nothing be stored at all',
    { tooLarge: 1, viewerTouched: 3, hits: 3, misses: 300 },
    ['3 loads touched the viewer, so nothing was stored: give it scope: PRIVATE.'],
  ],
  [
    'no longer and no shorter ttl together, of what is seldom read and changes each time',
    { hits: 40, misses: 260, stored: 300, refreshes: 60, changes: 60 },
    [
      '13 % hits in 300 reads, an entry is read 0.1 times in its life: its value is another one each time, so no cache at all would do.',
    ],
  ],
  [
    'nothing of swr, which serves what is old, where values change each time',
    { ttl: 60, hits: 500, misses: 40, loads: 60, loadMs: 9200, stored: 60, refreshes: 60, changes: 60 },
    [
      '60 refreshes, 60 changes: what is served may be old; name what it depends on in tags, or make ttl 60 shorter, such as 30.',
    ],
  ],
];

describe('the advice', () => {
  it.each(cases)('says %s', (_title, figures, sentences) => {
    const advice = adviseOn([{ ...quiet, ...figures }]);
    expect(advice.map(({ sentence }) => sentence)).toEqual(
      sentences.map((sentence) => `Query.film: ${sentence}`),
    );
  });

  it('is one sentence a field at most, whatever its figures are', () => {
    const numbers = [0, 25, 150, 5000];
    for (const pattern of ['CACHE_ASIDE', 'PREFETCH'])
      for (const hits of numbers)
        for (const misses of numbers)
          for (const refreshes of numbers)
            for (const changes of numbers.filter((one) => one <= refreshes)) {
              const figures = { ...quiet, pattern, hits, misses, refreshes, changes };
              const busy = {
                ...figures,
                loads: misses + refreshes,
                loadMs: 1e6,
                savedMs: 1e6,
                stored: misses,
              };
              expect(adviseOn([busy]).length).toBeLessThanOrEqual(1);
            }
  });

  it('begins with the field that is read most', () => {
    const busy = { ...quiet, coordinate: 'Query.busy', hits: 1000, tooLarge: 1 };
    expect(adviseOn([{ ...quiet, tooLarge: 1 }, busy]).map(({ coordinate }) => coordinate)).toEqual([
      'Query.busy',
      'Query.film',
    ]);
  });
});
