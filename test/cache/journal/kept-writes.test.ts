import { expect, it } from 'vitest';
import { createValueCodec } from '../../../src/cache/codec/value-codec.js';
import { KeptWrites } from '../../../src/cache/journal/kept-writes.js';
import { encodeRecord } from '../../../src/cache/journal/record.js';

const record = Buffer.alloc(100);
const kept = (options?: { maxKeys?: number; maxBytes?: number }) => {
  const writes = new KeptWrites(options);
  return {
    writes,
    add: (key: string, seq: number) => writes.add({ key, seq, record }, 0),
    summary: () => writes.all().map(({ key, seq, record: bytes }) => [key, seq, bytes?.byteLength]),
  };
};

it('keeps the latest write of each key, until it or a later one is in the database', () => {
  const { writes, add, summary } = kept();
  add('Row:1', 2);
  add('Row:1', 3);
  add('Row:1', 1);
  writes.drop({ key: 'Row:1', seq: 2 });
  expect(summary()).toEqual([['Row:1', 3, 100]]);
  writes.drop({ key: 'Row:1', seq: 4 });
  expect(writes.size).toBe(0);
});

it('keeps no more bytes than it may, and then names alone, as many as it may', () => {
  const { writes, add, summary } = kept({ maxBytes: 250, maxKeys: 4 });
  for (const id of [1, 2, 3, 4, 5, 6]) add(`Row:${id}`, id);
  expect(summary()).toEqual([
    ['Row:1', 1, 100],
    ['Row:2', 2, 100],
    ['Row:3', 3, undefined],
    ['Row:4', 4, undefined],
  ]);
  writes.drop({ key: 'Row:1', seq: 1 });
  add('Row:3', 7);
  expect(summary().at(-1)).toEqual(['Row:3', 7, 100]);
});

it('asks again for what should be flushed, the less often the longer it waits, and after a clock was set back', () => {
  const { writes, add } = kept();
  add('Row:1', 1);
  const at = (nowMs: number) => writes.overdue(nowMs, 10).length;
  expect([at(100), at(400), at(500), at(800), at(1200), at(1600)]).toEqual([0, 1, 0, 1, 0, 1]);
  expect(at(-1)).toBe(1);
});

it('keeps of a record its own bytes, and not the larger buffer that it was encoded in', () => {
  const codec = createValueCodec();
  codec.encode({ text: Array.from({ length: 2000 }, (_, row) => 'a'.repeat(1000) + row) });
  const write = { coordinate: 'Mutation.note', tags: [], viewer: null, acceptedAtMs: 1 };
  for (const state of [{ id: '1' }, { id: '2', seconds: 30 }]) {
    const { buffer, byteLength } = encodeRecord(codec, { ...write, state });
    expect(buffer.byteLength).toBe(byteLength);
  }
});
