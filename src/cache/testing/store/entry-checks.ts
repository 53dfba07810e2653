import { expect } from '../expect.js';
import { captureOne, check, ONE, OTHER, put, readOne, type StoreCheck, textOf } from './tested-store.js';

/** What is promised about single entries and their generations. */
export const entryChecks: readonly StoreCheck[] = [
  check('an unknown entry has no bytes, and unknown tags have no generations', async ({ store }) => {
    const unknown = await readOne(store, ONE);
    expect(unknown.bytes).toBeUndefined();
    expect(unknown.generations.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    const other = await readOne(store, OTHER);
    expect(other.bytes).toBeUndefined();
    expect(other.generations.slice(0, 1)).toEqual([undefined]);
  }),
  check('a read mints no generation', async ({ store }) => {
    await readOne(store, ONE);
    expect((await readOne(store, ONE)).generations.slice(0, 3)).toEqual([undefined, undefined, undefined]);
  }),
  check('a capture mints a generation of its own for the key and for each tag', async ({ store }) => {
    const generations = await captureOne(store, ONE);
    expect(generations.length).toBeGreaterThanOrEqual(3);
    expect(new Set(generations).size).toBe(generations.length);
    for (const generation of generations) expect(generation).toMatch(/^[\x21-\x7e]{1,255}$/);
  }),
  check('a capture is stable: nothing changes until something is invalidated', async ({ store }) => {
    const first = await captureOne(store, ONE);
    expect(await captureOne(store, ONE)).toEqual(first);
    await put(store, OTHER, 'two');
    expect(await captureOne(store, ONE)).toEqual(first);
  }),
  check('a capture is the same for callers at the same time', async ({ store }) => {
    const captured = await Promise.all(Array.from({ length: 20 }, () => captureOne(store, ONE)));
    expect(new Set(captured.map((generations) => generations.join(' '))).size).toBe(1);
  }),
  check('a fill under captured generations is read back byte for byte', async ({ store }) => {
    const generations = await put(store, ONE, 'one');
    const reading = await readOne(store, ONE);
    expect(textOf(reading.bytes)).toBe('one');
    expect(reading.generations).toEqual(generations);
  }),
  check('a later fill under the same generations replaces the earlier one', async ({ store }) => {
    await put(store, ONE, 'one');
    await put(store, ONE, 'longer than one');
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('longer than one');
  }),
  check(
    'generations are read in the order of the tags, undefined for those that are unknown',
    async ({ store }) => {
      const [own, movies, person] = await captureOne(store, ONE);
      const asked = { key: 'Movie:1', tags: ['Person:7', 'Unknown', 'Movies', 'Person:7'] };
      const { generations } = await readOne(store, asked);
      expect(generations.slice(0, 5)).toEqual([own, person, undefined, movies, person]);
    },
  ),
  check('the key of one entry is the tag of another: they have one generation', async ({ store }) => {
    const [own] = await captureOne(store, ONE);
    const [, asTag] = await captureOne(store, { key: 'List', tags: [ONE.key] });
    expect(asTag).toBe(own);
  }),
];
