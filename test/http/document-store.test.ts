import { parse } from 'graphql';
import { expect, it } from 'vitest';
import { createDocumentStore } from '../../src/http/document-store.js';

const document = (at: number) => parse(`{ film${`${at}`.padStart(6, '0')} }`);

it('keeps documents up to its bound, and those that were used lately', async () => {
  // 14 characters each.
  const store = createDocumentStore(14 * 100 * 50);
  for (let at = 0; at < 1000; at += 1) {
    await store.set(`${at}`, document(at));
    expect(await store.get('0')).toBeDefined();
  }
  const kept = await Promise.all(Array.from({ length: 1000 }, (_, at) => store.get(`${at}`)));
  expect(kept.filter((found) => found !== undefined)).toHaveLength(50);
  expect(await store.get('999')).toBeDefined();
});

it('counts a document once that is put again, and not after it was deleted', async () => {
  const store = createDocumentStore(14 * 100 * 2);
  for (let times = 0; times < 10; times += 1) await store.set('1', document(1));
  await store.set('2', document(2));
  expect(await store.get('1')).toBeDefined();
  expect([await store.delete('1'), await store.delete('1')]).toEqual([true, false]);
  await store.set('3', document(3));
  expect(await store.get('2')).toBeDefined();
});

it('keeps nothing that is larger than it', async () => {
  const store = createDocumentStore(100);
  await store.set('1', document(1));
  expect(await store.get('1')).toBeUndefined();
});

it('keeps no long document, as it would put out many others', async () => {
  const store = createDocumentStore();
  const withRemark = (length: number) => parse('{ film } # '.padEnd(length, 'x'));
  await store.set('long', withRemark(16 * 1024));
  await store.set('longer', withRemark(16 * 1024 + 1));
  expect([await store.get('long'), await store.get('longer')]).toEqual([expect.anything(), undefined]);
});
