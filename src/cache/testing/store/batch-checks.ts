import { expect } from '../expect.js';
import {
  captureOne,
  check,
  fillOf,
  generationsFor,
  KEEP_MS,
  ONE,
  OTHER,
  readOne,
  type StoreCheck,
  textOf,
} from './tested-store.js';

/** What is promised about batches and about bytes. */
export const batchChecks: readonly StoreCheck[] = [
  check('a batch is answered in its order, known and unknown entries mixed', async ({ store }) => {
    const addresses = Array.from({ length: 100 }, (_, at) => ({
      key: `Batch:${at}`,
      tags: [`Tag:${at % 7}`],
    }));
    const generations = await generationsFor(store, addresses);
    const even = addresses.flatMap((address, at) =>
      at % 2 === 0 ? [fillOf(address, `value ${at}`, generations[at] ?? [])] : [],
    );
    expect(await store.fill(even)).toEqual(even.map(() => 'stored'));
    const readings = await store.read(addresses);
    expect(readings.map(({ bytes }) => textOf(bytes))).toEqual(
      addresses.map((_, at) => (at % 2 === 0 ? `value ${at}` : undefined)),
    );
    expect(readings.map((reading) => reading.generations)).toEqual(generations);
  }),
  check('a batch of fills is judged one by one', async ({ store }) => {
    const [one, other] = await generationsFor(store, [ONE, OTHER]);
    await store.invalidate([ONE.key]);
    const fills = [fillOf(ONE, 'old', one ?? []), fillOf(OTHER, 'two', other ?? [])];
    expect(await store.fill(fills)).toEqual(['outdated', 'stored']);
  }),
  check('a batch may name an entry twice', async ({ store }) => {
    const [first, second] = await generationsFor(store, [ONE, ONE]);
    expect(second).toEqual(first);
    const generations = first ?? [];
    await store.fill([fillOf(ONE, 'first', generations), fillOf(ONE, 'second', generations)]);
    const readings = await store.read([ONE, ONE]);
    expect(readings.map(({ bytes }) => textOf(bytes))).toEqual(['second', 'second']);
  }),
  check('a batch may name an entry twice under different tags', async ({ store }) => {
    const tagged = { key: ONE.key, tags: ['Movies'] };
    const [full, short] = await generationsFor(store, [ONE, tagged]);
    expect(short?.slice(0, 2)).toEqual(full?.slice(0, 2));
    const readings = await store.read([tagged, ONE, { key: ONE.key, tags: [] }]);
    const [two = 0, three, one] = readings.map(({ generations }) => generations.length);
    expect([three, one]).toEqual([two + 1, two - 1]);
  }),
  check('an empty batch is answered by an empty one', async ({ store }) => {
    expect(await store.read([])).toEqual([]);
    expect(await generationsFor(store, [])).toEqual([]);
    expect(await store.fill([])).toEqual([]);
    expect(await store.invalidate([])).toBeUndefined();
  }),
  check('every byte comes back, from the middle of a larger buffer too', async ({ store }) => {
    const larger = Uint8Array.from({ length: 300 }, (_, at) => at % 256);
    const values = [
      larger.slice(0, 256),
      larger.subarray(7, 263),
      Buffer.from(larger).subarray(1, 2),
      new Uint8Array(0),
      Buffer.from('\r\n$-1\r\n*0\r\n\0é😀', 'utf8'),
      Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0xed, 0xa0, 0x80]),
      Buffer.alloc(1_000_000, 0xf7),
    ];
    for (const bytes of values) {
      const generations = await captureOne(store, ONE);
      await store.fill([{ ...ONE, bytes, generations, keepForMs: KEEP_MS }]);
      const read = (await readOne(store, ONE)).bytes ?? Buffer.from('nothing');
      expect(Buffer.compare(read, bytes)).toBe(0);
    }
  }),
  check('keys and tags may have any characters, and none is taken for another', async ({ store }) => {
    const odd = [
      ...[
        'a',
        'A',
        'a ',
        ' a',
        'a\n',
        'a\0',
        'a\0b',
        'a*',
        'a?',
        '[a]',
        '{a}',
        'a}{',
        '%',
        '%s',
        '\\',
        '"',
        "'",
      ],
      ...[
        'é',
        'e\u0301',
        '😀',
        '__proto__',
        'constructor',
        'a:b',
        'a:',
        ':a',
        'a,b',
        'x'.repeat(240),
        '0',
        '-1',
      ],
    ];
    const addresses = odd.map((name) => ({ key: `Odd:${name}`, tags: [name] }));
    const generations = await generationsFor(store, addresses);
    expect(new Set(generations.flatMap((of) => of.slice(0, 2))).size).toBe(odd.length * 2);
    await store.fill(addresses.map((address, at) => fillOf(address, `value ${at}`, generations[at] ?? [])));
    const readings = await store.read(addresses);
    expect(readings.map(({ bytes }) => textOf(bytes))).toEqual(odd.map((_, at) => `value ${at}`));
    await store.invalidate(['a*', 'Odd:a*', 'Odd:{a}']);
    const left = (await store.read(addresses)).map(({ bytes }) => bytes !== undefined);
    expect(odd.filter((_, at) => left[at] !== true)).toEqual(['a*', '{a}']);
  }),
];
