import { describe, expect, it } from 'vitest';
import { memoryJournal, type Journal } from '../../../src/cache/index.js';
import { KeptWrites } from '../../../src/cache/journal/kept-writes.js';
import { Lanes } from '../../../src/cache/journal/lanes.js';
import { Recovery } from '../../../src/cache/journal/recovery.js';
import { createFlushCounters } from '../../../src/cache/metrics/flush-counters.js';
import type { FlushedWrite } from '../../../src/cache/types/index.js';
import { cacheLog } from '../../support/cache-log.js';
import { manualClock } from '../../support/manual-clock.js';

/** `Row:{part}.{id}`: what lies in which part can be seen. */
const partOf = (key: string): number => Number(key.slice('Row:'.length).split('.')[0]);
const NOTHING_LEFT: ReadonlySet<number> = new Set();

function setUp() {
  const clock = manualClock();
  const [away, refusing] = [new Set<number>(), new Set<number>()];
  const [flushed, restored, invalidated]: [string[], string[], string[]] = [[], [], []];
  const journal: Journal = {
    ...memoryJournal({ clock }),
    parts: { count: 3, of: partOf },
    isAway: (part) => (part === undefined ? away.size === 3 : away.has(part)),
    restore: (writes) => {
      if (writes.some(({ key }) => refusing.has(partOf(key)))) throw new Error('OOM');
      restored.push(...writes.map(({ key }) => key));
      return writes.length;
    },
  };
  const kept = new KeptWrites();
  const recovery = new Recovery({
    ...{ journal, kept, clock, log: cacheLog(), counters: createFlushCounters(), lanes: new Lanes(clock) },
    targetOf: () => ({
      flush: (writes: readonly FlushedWrite[]) => {
        flushed.push(...writes.map(({ key }) => key));
        return Promise.resolve();
      },
      isPermanent: () => false,
    }),
    recordOf: () => ({ coordinate: 'Mutation.note', state: {}, tags: [], viewer: null, acceptedAtMs: 0 }),
    restoredRecordOf: (record) => record,
    superseded: { by: () => Promise.resolve(true) },
    invalidate: (tags) => {
      invalidated.push(...tags);
      return Promise.resolve();
    },
  });
  for (const part of [0, 1, 2])
    kept.add({ key: `Row:${part}.1`, seq: 1, record: Buffer.from('x') }, clock.nowMs());
  const inDoubt = (): readonly number[] => [0, 1, 2].filter((part) => recovery.isInDoubt(part));
  return { clock, away, refusing, flushed, restored, invalidated, kept, recovery, inDoubt };
}

describe('a journal whose parts fail alone', () => {
  it('is doubted, and believed again, part by part', async () => {
    const { clock, recovery, inDoubt } = setUp();
    recovery.doubted({ why: 'away', sinceSeq: 5, held: 0, part: 1 });
    recovery.doubted({ why: 'away', sinceSeq: 5, held: 0, part: 2 });
    expect(inDoubt()).toEqual([1, 2]);
    expect([0, 1].map((part) => recovery.doubts(part, 5))).toEqual([false, true]);
    expect(await recovery.step()).toBe(true);
    clock.advance(600);
    // Of the second more is left than was taken.
    recovery.looked(true, new Set([2]));
    expect(inDoubt()).toEqual([2]);
    await recovery.step();
    recovery.looked(true, NOTHING_LEFT);
    expect(inDoubt()).toEqual([]);
  });

  it('is believed only after a look that began after the doubt', async () => {
    const { clock, recovery, inDoubt } = setUp();
    recovery.doubted({ why: 'away', sinceSeq: 5, held: 0, part: 1 });
    await recovery.step();
    recovery.doubted({ why: 'away', sinceSeq: 6, held: 0, part: 1 });
    clock.advance(600);
    recovery.looked(true, NOTHING_LEFT);
    expect(inDoubt()).toEqual([1]);
    // In the end it is, whatever was looked at.
    clock.advance(1500);
    expect(inDoubt()).toEqual([]);
  });

  it('has what was accepted for a part that is away brought to the database, and nothing else', async () => {
    const { away, flushed, recovery } = setUp();
    away.add(1);
    await recovery.step();
    expect(flushed).toEqual(['Row:1.1']);
  });

  it('is given again what a part has lost once that can be asked, and nothing else', async () => {
    const { away, restored, recovery } = setUp();
    recovery.doubted({ why: 'moved', sinceSeq: 5, held: 0, part: 2 });
    away.add(2);
    await recovery.step();
    expect([restored, recovery.isNeeded]).toEqual([[], true]);
    away.delete(2);
    await recovery.step();
    // What was away was brought to the database.
    expect([restored, recovery.isNeeded]).toEqual([[], false]);
    recovery.doubted({ why: 'robbed', sinceSeq: 5, held: 1, part: 0 });
    await recovery.step();
    expect([restored, recovery.isNeeded]).toEqual([['Row:0.1'], false]);
  });

  it('is given it again in each part by itself: one that refuses holds up no other', async () => {
    const { clock, refusing, restored, invalidated, kept, recovery } = setUp();
    // Its record is not kept: what the journal has lost of it is lost.
    kept.add({ key: 'Row:1.2', seq: 2, record: Buffer.alloc(17 * 1024 * 1024) }, clock.nowMs());
    refusing.add(0);
    for (const part of [0, 1, 2]) recovery.doubted({ why: 'moved', sinceSeq: 5, held: 0, part });
    await recovery.step();
    expect([restored, recovery.isNeeded]).toEqual([['Row:1.1', 'Row:2.1'], true]);
    expect(kept.all().map(({ key }) => key)).not.toContain('Row:1.2');
    refusing.clear();
    await recovery.step();
    expect([restored, recovery.isNeeded]).toEqual([['Row:1.1', 'Row:2.1', 'Row:0.1'], false]);
    // Another process may have filled entries of them, as the journal did not have them.
    expect(invalidated).toEqual(restored);
  });
});
