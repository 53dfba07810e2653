import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  EntryAddress,
  Fill,
  FillOutcome,
  Intention,
  PutOutcome,
  Reading,
  Store,
} from '../../src/cache/index.js';
import { generationsMatch } from '../../src/cache/coherence/generations.js';
import { generationsFor, leaseRequest } from '../support/generations-for.js';

/** A new, empty store, and how its time passes. */
export interface TestedStore {
  readonly store: Store;
  /** Lets `ms` milliseconds pass for everything the store keeps, without waiting. Undefined: expiry is not checked. */
  readonly pass?: (ms: number) => void | Promise<void>;
}

export interface StoreHarness {
  /** Makes a store that shares nothing with those made before. The suite closes it. */
  create(): TestedStore | Promise<TestedStore>;
  readonly capabilities: {
    /** True where `pass` is given: time is under the test's control. */
    readonly time: boolean;
    /** True where reads are answered at once, in this process (`Store.isLocal`). */
    readonly local: boolean;
  };
  /** Random sequences of operations that are compared with the model; default 200. */
  readonly sequences?: number;
}

/** One promise of every store: a true sentence, and the check that throws where it is not kept. */
export interface StoreCheck {
  readonly title: string;
  check(tested: TestedStore): Promise<void>;
}

const KEEP_MS = 3_600_000;
const ONE: EntryAddress = { key: 'Movie:1', tags: ['Movies', 'Person:7'] };
const OTHER: EntryAddress = { key: 'Movie:2', tags: [] };

const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'utf8');

async function captureOne(store: Store, address: EntryAddress): Promise<readonly string[]> {
  const captured = await generationsFor(store, [address]);
  expect(captured).toHaveLength(1);
  return captured[0] ?? [];
}

async function readOne(store: Store, address: EntryAddress): Promise<Reading> {
  const readings = await store.read([address]);
  expect(readings).toHaveLength(1);
  return readings[0] ?? { bytes: undefined, generations: [] };
}

/** What a reader would be answered: the bytes, where every generation is still the present one. */
async function hitOf(
  store: Store,
  address: EntryAddress,
  stamped: readonly string[],
): Promise<string | undefined> {
  const { bytes, generations } = await readOne(store, address);
  return generationsMatch(stamped, generations) ? textOf(bytes) : undefined;
}

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('utf8');
}

function fillOf(address: EntryAddress, text: string, generations: readonly string[]): Fill {
  return { ...address, bytes: bytesOf(text), generations, keepForMs: KEEP_MS };
}

async function fillOne(store: Store, fill: Fill): Promise<FillOutcome | undefined> {
  const outcomes = await store.fill([fill]);
  expect(outcomes).toHaveLength(1);
  return outcomes[0];
}

/** Captures and fills in one go, as a load without anything in between. */
async function put(store: Store, address: EntryAddress, text: string): Promise<readonly string[]> {
  const generations = await captureOne(store, address);
  expect(await fillOne(store, fillOf(address, text, generations))).toBe('stored');
  return generations;
}

const check = (title: string, run: (tested: TestedStore) => Promise<void>): StoreCheck => ({
  title,
  check: run,
});

/** What is promised about single entries and their generations. */
const entryChecks: readonly StoreCheck[] = [
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

/** What is promised about writes: this is what keeps stale reads out. */
const invalidationChecks: readonly StoreCheck[] = [
  check('an invalidation deletes the entry whose key is the tag', async ({ store }) => {
    await put(store, ONE, 'one');
    await put(store, OTHER, 'two');
    await store.invalidate([ONE.key]);
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
    expect(textOf((await readOne(store, OTHER)).bytes)).toBe('two');
  }),
  check(
    'an invalidation gives its tag another generation, so what was stored under it is no hit',
    async ({ store }) => {
      const generations = await put(store, ONE, 'one');
      await store.invalidate(['Person:7']);
      expect((await readOne(store, ONE)).generations[2]).not.toBe(generations[2]);
      expect(await hitOf(store, ONE, generations)).toBeUndefined();
    },
  ),
  check('an invalidation leaves the other tags as they are', async ({ store }) => {
    const before = await captureOne(store, ONE);
    await store.invalidate(['Person:7']);
    const after = await captureOne(store, ONE);
    expect(after.slice(0, 2)).toEqual(before.slice(0, 2));
  }),
  check(
    'a late fill, begun before its own key was invalidated, is outdated and stores nothing',
    async ({ store }) => {
      const generations = await captureOne(store, ONE);
      await store.invalidate([ONE.key]);
      expect(await fillOne(store, fillOf(ONE, 'old', generations))).toBe('outdated');
      expect((await readOne(store, ONE)).bytes).toBeUndefined();
    },
  ),
  check('a late fill does not replace what was stored since', async ({ store }) => {
    const old = await captureOne(store, ONE);
    await store.invalidate([ONE.key]);
    await put(store, ONE, 'new');
    expect(await fillOne(store, fillOf(ONE, 'old', old))).toBe('outdated');
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('new');
  }),
  check('a late fill, begun before one of its tags was invalidated, is never a hit', async ({ store }) => {
    const generations = await captureOne(store, ONE);
    await store.invalidate(['Movies']);
    await store.fill([fillOf(ONE, 'old', generations)]);
    expect(await hitOf(store, ONE, generations)).toBeUndefined();
    expect(await hitOf(store, ONE, await captureOne(store, ONE))).not.toBe('new');
  }),
  check('a fill under generations that nobody captured is outdated', async ({ store }) => {
    expect(await fillOne(store, fillOf(OTHER, 'forged', ['made-up']))).toBe('outdated');
    expect(await fillOne(store, fillOf(OTHER, 'forged', []))).toBe('outdated');
    expect((await readOne(store, OTHER)).bytes).toBeUndefined();
  }),
  check(
    'an invalidation of what nobody knows is remembered: a capture before it does not fit after it',
    async ({ store }) => {
      await store.invalidate(['Movie:1', 'Movies']);
      const first = await captureOne(store, ONE);
      await store.invalidate(['Movie:1', 'Movies']);
      const second = await captureOne(store, ONE);
      expect(second[0]).not.toBe(first[0]);
      expect(second[1]).not.toBe(first[1]);
    },
  ),
  check('an invalidation that is applied twice, or late, is harmless', async ({ store }) => {
    await store.invalidate([ONE.key, ONE.key]);
    await store.invalidate([ONE.key]);
    await put(store, ONE, 'new');
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('new');
    await store.invalidate([ONE.key]);
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
    await put(store, ONE, 'newer');
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('newer');
  }),
  check('a fill that is applied twice is harmless', async ({ store }) => {
    const generations = await captureOne(store, ONE);
    const fill = fillOf(ONE, 'one', generations);
    expect(await Promise.all([fillOne(store, fill), fillOne(store, fill)])).toEqual(['stored', 'stored']);
    expect(await hitOf(store, ONE, generations)).toBe('one');
    await store.invalidate([ONE.key]);
    expect(await fillOne(store, fill)).toBe('outdated');
  }),
  check('generations never repeat, however often they are renewed', async ({ store }) => {
    const seen = new Set<string>();
    for (let round = 0; round < 50; round += 1) {
      for (const generation of (await captureOne(store, ONE)).slice(0, 3)) seen.add(generation);
      await store.invalidate([ONE.key, ...ONE.tags]);
    }
    expect(seen.size).toBe(50 * 3);
  }),
  check('fills and invalidations at the same time leave no entry from before', async ({ store }) => {
    for (let round = 0; round < 20; round += 1) {
      const generations = await captureOne(store, ONE);
      const fill = fillOf(ONE, `round ${round}`, generations);
      await Promise.all([store.fill([fill]), store.invalidate([ONE.key]), store.fill([fill])]);
      expect((await readOne(store, ONE)).bytes).toBeUndefined();
    }
  }),
];

/** What is promised about leases. They save loads, and nothing that is right depends on them. */
const leaseChecks: readonly StoreCheck[] = [
  check('of two who ask for the lease of an entry, one has it', async ({ store }) => {
    const [first] = await store.acquire([leaseRequest(ONE)]);
    const [second] = await store.acquire([leaseRequest(ONE)]);
    expect([first?.leased, second?.leased]).toEqual([true, false]);
    expect(second?.generations).toEqual(first?.generations);
  }),
  check('of many who ask at the same time, one has it', async ({ store }) => {
    const ask = async () => store.acquire([leaseRequest(ONE), leaseRequest(ONE)]);
    const asked = Array.from({ length: 20 }, ask);
    const leased = (await Promise.all(asked)).flat().filter((acquired) => acquired.leased);
    expect(leased).toHaveLength(1);
  }),
  check('leases of different entries are no obstacle to each other', async ({ store }) => {
    const acquired = await store.acquire([leaseRequest(ONE), leaseRequest(OTHER)]);
    expect(acquired.map(({ leased }) => leased)).toEqual([true, true]);
  }),
  check('a request that runs twice has the lease both times', async ({ store }) => {
    const request = leaseRequest(ONE);
    const [first] = await store.acquire([request]);
    const [again] = await store.acquire([request]);
    expect([first?.leased, again?.leased]).toEqual([true, true]);
  }),
  check('a lease that was released is free, by its owner only', async ({ store }) => {
    const request = leaseRequest(ONE);
    await store.acquire([request]);
    await store.release([{ key: ONE.key, token: 'somebody else' }]);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(false);
    await store.release([request]);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(true);
  }),
  check('a late release leaves the lease of the successor alone', async ({ store }) => {
    const late = leaseRequest(ONE);
    await store.acquire([late]);
    await store.release([late]);
    await store.acquire([leaseRequest(ONE)]);
    await store.release([late]);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(false);
  }),
  check('a fill gives the lease back, and whoever asks then is told the entry', async ({ store }) => {
    const request = leaseRequest(ONE);
    const [{ generations = [] } = {}] = await store.acquire([request]);
    await store.fill([{ ...fillOf(ONE, 'one', generations), token: request.token }]);
    const [next] = await store.acquire([leaseRequest(ONE)]);
    expect(next?.leased).toBe(true);
    expect(textOf(next?.bytes)).toBe('one');
  }),
  check('a fill that is outdated gives the lease back as well', async ({ store }) => {
    const request = leaseRequest(ONE);
    await store.acquire([request]);
    await store.fill([{ ...fillOf(ONE, 'one', ['made-up']), token: request.token }]);
    expect((await store.acquire([leaseRequest(ONE)]))[0]).toMatchObject({ bytes: undefined, leased: true });
  }),
  check(
    'a lease under a generation that has ended is no obstacle: of the key, or of a tag',
    async ({ store }) => {
      for (const tag of [ONE.key, 'Person:7']) {
        await store.acquire([leaseRequest(ONE)]);
        await store.invalidate([tag]);
        expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(true);
        expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(false);
        await store.invalidate([ONE.key]);
      }
    },
  ),
  check('only the owner of a lease can renew it, and only while he has it', async ({ store }) => {
    const request = leaseRequest(ONE);
    await store.acquire([request]);
    const [mine, others] = [request, leaseRequest(ONE)];
    expect(await store.renew([mine, others])).toEqual([true, false]);
    await store.release([mine]);
    expect(await store.renew([mine])).toEqual([false]);
  }),
  check('whoever watches hears of a lease that ends while somebody waits for it', async ({ store }) => {
    const heard: string[] = [];
    store.watch?.((key) => heard.push(key));
    for (const address of [ONE, OTHER]) {
      const request = leaseRequest(address);
      await store.acquire([request]);
      if (address === OTHER) await store.acquire([leaseRequest(address)]);
      await store.release([request]);
    }
    await expect.poll(() => heard).toEqual(store.watch === undefined ? [] : [OTHER.key]);
  }),
];

/** What is promised about batches and about bytes. */
const batchChecks: readonly StoreCheck[] = [
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

/** What is promised about time, where the test can let it pass. */
const timeChecks: readonly StoreCheck[] = [
  check('an entry is forgotten after keepForMs, and not long before', async ({ store, pass }) => {
    const generations = await captureOne(store, ONE);
    await store.fill([{ ...fillOf(ONE, 'one', generations), keepForMs: 60_000 }]);
    await pass?.(59_000);
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('one');
    await pass?.(1_000);
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
  }),
  check('a fill begins the time of its entry anew', async ({ store, pass }) => {
    const generations = await captureOne(store, ONE);
    const fill = { ...fillOf(ONE, 'one', generations), keepForMs: 60_000 };
    await store.fill([fill]);
    await pass?.(40_000);
    expect(await fillOne(store, fill)).toBe('stored');
    await pass?.(40_000);
    expect(textOf((await readOne(store, ONE)).bytes)).toBe('one');
  }),
  check('entries of one batch keep their own times', async ({ store, pass }) => {
    const [one, other] = await generationsFor(store, [ONE, OTHER]);
    const short = { ...fillOf(ONE, 'one', one ?? []), keepForMs: 10_000 };
    await store.fill([short, fillOf(OTHER, 'two', other ?? [])]);
    await pass?.(20_000);
    const readings = await store.read([ONE, OTHER]);
    expect(readings.map(({ bytes }) => textOf(bytes))).toEqual([undefined, 'two']);
  }),
  check(
    'an expired entry can be filled again, and an invalidated one stays outdated',
    async ({ store, pass }) => {
      const generations = await captureOne(store, ONE);
      const fill = { ...fillOf(ONE, 'one', generations), keepForMs: 10_000 };
      await store.fill([fill]);
      await pass?.(20_000);
      await put(store, ONE, 'again');
      expect(textOf((await readOne(store, ONE)).bytes)).toBe('again');
      await store.invalidate([ONE.key]);
      await pass?.(20_000);
      expect(await fillOne(store, fill)).toBe('outdated');
    },
  ),
];

const leaseTimeChecks: readonly StoreCheck[] = [
  check('a lease ends by itself, later when it was renewed', async ({ store, pass }) => {
    const request = leaseRequest(ONE, { leaseMs: 1000 });
    await store.acquire([request]);
    await pass?.(600);
    await store.renew([request]);
    await pass?.(600);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(false);
    await pass?.(600);
    expect((await store.acquire([leaseRequest(ONE)]))[0]?.leased).toBe(true);
    expect(await store.renew([request])).toEqual([false]);
  }),
];

const IN_GERMAN: EntryAddress = { key: 'Film:1|locale=de', row: 'Film:1', tags: ['|locale=de'] };
const IN_FRENCH: EntryAddress = { key: 'Film:1|locale=fr', row: 'Film:1', tags: ['|locale=fr'] };

/** What is promised about several variants of one row. */
const variantChecks: readonly StoreCheck[] = [
  check('each variant of a row is an entry of its own', async ({ store }) => {
    const german = await put(store, IN_GERMAN, 'deutsch');
    const french = await put(store, IN_FRENCH, 'français');
    expect(await hitOf(store, IN_GERMAN, german)).toBe('deutsch');
    expect(await hitOf(store, IN_FRENCH, french)).toBe('français');
    expect(german[0]).toBe(french[0]);
  }),
  check(
    'one invalidation of the row ends all of its variants, and loads that began before',
    async ({ store }) => {
      const german = await put(store, IN_GERMAN, 'deutsch');
      const french = await captureOne(store, IN_FRENCH);
      await store.invalidate(['Film:1']);
      expect(await hitOf(store, IN_GERMAN, german)).toBeUndefined();
      expect(await fillOne(store, fillOf(IN_FRENCH, 'late', french))).toBe('outdated');
    },
  ),
  check('the tag of one variant ends that variant alone', async ({ store }) => {
    const german = await put(store, IN_GERMAN, 'deutsch');
    const french = await put(store, IN_FRENCH, 'français');
    await store.invalidate(['|locale=de']);
    expect(await hitOf(store, IN_GERMAN, german)).toBeUndefined();
    expect(await hitOf(store, IN_FRENCH, french)).toBe('français');
  }),
  check(
    'the loads of two variants do not wait for one another, and each lease is given back',
    async ({ store }) => {
      const request = leaseRequest(IN_GERMAN);
      expect((await store.acquire([request]))[0]?.leased).toBe(true);
      expect((await store.acquire([leaseRequest(IN_FRENCH)]))[0]?.leased).toBe(true);
      expect((await store.acquire([leaseRequest(IN_GERMAN)]))[0]?.leased).toBe(false);
      expect(await store.renew([request])).toEqual([true]);
      await store.release([request]);
      expect((await store.acquire([leaseRequest(IN_GERMAN)]))[0]?.leased).toBe(true);
    },
  ),
  check('a write stores its own variant and ends the others', async ({ store }) => {
    const french = await put(store, IN_FRENCH, 'alt');
    const write = await announced(store, IN_GERMAN);
    await store.invalidate(['Film:1'], versionsOf('Film:1', 2));
    const between = await put(store, IN_FRENCH, 'neu');
    expect(await write.put('deutsch', 2)).toBe('stored');
    expect(await hitOf(store, IN_GERMAN, write.stamped)).toBe('deutsch');
    expect(await hitOf(store, IN_FRENCH, french)).toBeUndefined();
    expect(await hitOf(store, IN_FRENCH, between)).toBeUndefined();
  }),
  check(
    'a later version that was written in another variant is stored, and an earlier one is not',
    async ({ store }) => {
      const [earlier, later] = [await announced(store, IN_GERMAN), await announced(store, IN_FRENCH)];
      expect(await later.put('third', 3)).toBe('stored');
      expect(await earlier.put('second', 2)).toBe('refused');
      expect(await hitOf(store, IN_FRENCH, later.stamped)).toBe('third');
    },
  ),
  check('a write that was abandoned in one variant is not announced any more', async ({ store }) => {
    const write = await announced(store, IN_GERMAN);
    await write.abandon();
    expect(await write.put('late', 2)).toBe('refused');
  }),
];

const ANNOUNCED = { endsWithinMs: 60_000, keepForMs: KEEP_MS, onlyHot: false };

/** A write that is announced, and what stores its row later. */
async function announced(store: Store, address: EntryAddress, options: Partial<Intention> = {}) {
  const nonce = randomUUID();
  const [intended] = await store.intend([{ ...address, nonce, ...ANNOUNCED, ...options }]);
  const generation = `own-${nonce}`;
  return {
    isAnnounced: intended?.token !== undefined,
    stamped: [generation, ...(intended?.generations ?? [])],
    abandon: async () => store.abandon([{ ...address, token: intended?.token ?? 'none' }]),
    put: async (text: string, version: number): Promise<PutOutcome | undefined> => {
      const token = intended?.token ?? 'none';
      const row = { ...address, token, version, generation, bytes: bytesOf(text), keepForMs: KEEP_MS };
      return (await store.put([row]))[0];
    },
  };
}

const versionsOf = (tag: string, version: number): ReadonlyMap<string, number> => new Map([[tag, version]]);

const writeChecks: readonly StoreCheck[] = [
  check('the row of an announced write is a hit, under a generation of its own', async ({ store }) => {
    const earlier = await put(store, ONE, 'old');
    const write = await announced(store, ONE);
    await store.invalidate([ONE.key], versionsOf(ONE.key, 2));
    expect(await write.put('new', 2)).toBe('stored');
    expect(await hitOf(store, ONE, write.stamped)).toBe('new');
    expect(await fillOne(store, fillOf(ONE, 'late', earlier))).toBe('outdated');
  }),
  check('an announcement lets one row in, and only once', async ({ store }) => {
    const write = await announced(store, ONE);
    expect(await write.put('new', 2)).toBe('stored');
    expect(await write.put('again', 2)).toBe('refused');
    expect(await hitOf(store, ONE, write.stamped)).toBe('new');
  }),
  check('a row without an announcement is refused', async ({ store }) => {
    const write = await announced(store, OTHER);
    const row = { ...ONE, version: 2, generation: 'own', bytes: bytesOf('new'), keepForMs: KEEP_MS };
    expect(await store.put([{ ...row, token: 'nobody' }])).toEqual(['refused']);
    expect(await write.put('other', 1)).toBe('stored');
  }),
  check(
    'of two writes under way, the row of the earlier version is refused when it comes later',
    async ({ store }) => {
      const [earlier, later] = [await announced(store, ONE), await announced(store, ONE)];
      expect(await later.put('third', 3)).toBe('stored');
      expect(await earlier.put('second', 2)).toBe('refused');
      expect(await hitOf(store, ONE, later.stamped)).toBe('third');
    },
  ),
  check('a write refuses what is older than an invalidation with a version', async ({ store }) => {
    const [earlier, later] = [await announced(store, ONE), await announced(store, ONE)];
    await store.invalidate([ONE.key], versionsOf(ONE.key, 3));
    expect(await earlier.put('second', 2)).toBe('refused');
    expect(await later.put('third', 3)).toBe('stored');
  }),
  check('an invalidation without a version lets no write under way store its row', async ({ store }) => {
    const write = await announced(store, ONE);
    await store.invalidate([ONE.key]);
    expect(await write.put('new', 2)).toBe('refused');
    expect((await readOne(store, ONE)).bytes).toBeUndefined();
    expect(await (await announced(store, ONE)).put('newer', 3)).toBe('stored');
  }),
  check('an announcement that was abandoned lets no row in, and others go on', async ({ store }) => {
    const [one, other] = [await announced(store, ONE), await announced(store, ONE)];
    await store.invalidate([ONE.key], versionsOf(ONE.key, 2));
    await one.abandon();
    expect(await one.put('one', 3)).toBe('refused');
    expect(await other.put('older', 1)).toBe('refused');
    await other.abandon();
    expect(await (await announced(store, ONE)).put('new', 1)).toBe('stored');
  }),
  check('a write that asks for a hot entry is announced where there is one', async ({ store }) => {
    expect((await announced(store, ONE, { onlyHot: true })).isAnnounced).toBe(false);
    await put(store, ONE, 'one');
    expect((await announced(store, ONE, { onlyHot: true })).isAnnounced).toBe(true);
  }),
  check(
    'a row does not count once one of its tags was invalidated since the announcement',
    async ({ store }) => {
      const write = await announced(store, ONE);
      await store.invalidate(['Movies']);
      await write.put('new', 2);
      expect(await hitOf(store, ONE, write.stamped)).toBeUndefined();
    },
  ),
];

/** What is promised about counting what is asked for. It only chooses what is kept warm. */
const askedChecks: readonly StoreCheck[] = [
  check(
    'argument sets are counted together, and come back as they were, the most asked for first',
    async ({ store }) => {
      const binary = Uint8Array.from([0, 255, 128, 10]);
      await store.countAsked?.('Query.chart', [
        { argumentSet: bytesOf('once'), times: 1 },
        { argumentSet: binary, times: 3 },
      ]);
      await store.countAsked?.('Query.chart', [{ argumentSet: bytesOf('once'), times: 4 }]);
      const most = (await store.mostAsked?.('Query.chart', 10)) ?? [];
      expect(most.map(({ argumentSet, times }) => [Buffer.from(argumentSet), times])).toEqual([
        [Buffer.from('once'), 5],
        [Buffer.from(binary), 3],
      ]);
      expect(await store.mostAsked?.('Query.chart', 1)).toHaveLength(1);
      expect(await store.mostAsked?.('Query.other', 10)).toEqual([]);
    },
  ),
  check('only so many argument sets of a field are kept: those most asked for', async ({ store }) => {
    const asked = Array.from({ length: 700 }, (_, number) => ({
      argumentSet: bytesOf(`set ${number}`),
      times: number + 1,
    }));
    await store.countAsked?.('Query.chart', asked);
    const most = (await store.mostAsked?.('Query.chart', 1000)) ?? [];
    expect([most.length, most[0]?.times, most.at(-1)?.times]).toEqual([500, 700, 201]);
  }),
];

/** The same, where time passes. */
const askedTimeChecks: readonly StoreCheck[] = [
  check('counts fade by half in ten minutes', async ({ store, pass }) => {
    await store.countAsked?.('Query.chart', [{ argumentSet: bytesOf('old'), times: 8 }]);
    await pass?.(10 * 60_000);
    await store.countAsked?.('Query.chart', []);
    await store.countAsked?.('Query.chart', [{ argumentSet: bytesOf('new'), times: 3 }]);
    const most = (await store.mostAsked?.('Query.chart', 10)) ?? [];
    expect(most.map(({ argumentSet, times }) => [textOf(argumentSet), times])).toEqual([
      ['old', 4],
      ['new', 3],
    ]);
  }),
];

const writeTimeChecks: readonly StoreCheck[] = [
  check('a write that takes too long stores nothing', async ({ store, pass }) => {
    const write = await announced(store, ONE, { endsWithinMs: 10_000 });
    await pass?.(20_000);
    expect(await write.put('new', 2)).toBe('refused');
  }),
];

/** Every check that a store with these capabilities must pass. */
export function storeChecks({ time }: Pick<StoreHarness['capabilities'], 'time'>): readonly StoreCheck[] {
  const always = [
    ...entryChecks,
    ...invalidationChecks,
    ...leaseChecks,
    ...writeChecks,
    ...variantChecks,
    ...askedChecks,
  ];
  const all = [...always, ...batchChecks];
  return time ? [...all, ...timeChecks, ...leaseTimeChecks, ...writeTimeChecks, ...askedTimeChecks] : all;
}

const KEYS = ['a', 'b', 'c'] as const;
const ADDRESSES: readonly EntryAddress[] = [
  { key: 'a', tags: ['t'] },
  { key: 'b', tags: ['t', 'a'] },
  { key: 'c', tags: ['c', 'u'] },
];
type Step =
  | { readonly what: 'capture' | 'fill' | 'read'; readonly at: number }
  | { readonly what: 'late fill'; readonly at: number }
  | { readonly what: 'invalidate'; readonly tags: readonly string[] };

const place = fc.nat(ADDRESSES.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constantFrom('capture' as const, 'fill' as const, 'read' as const), at: place }),
  fc.record({ what: fc.constant('late fill' as const), at: place }),
  fc.record({
    what: fc.constant('invalidate' as const),
    tags: fc.array(fc.constantFrom(...KEYS, 't', 'u'), { maxLength: 3 }),
  }),
);

/** A store in a few lines: lives are counted, so that what was captured in an earlier life is known to be late. */
class Model {
  readonly #lives = new Map<string, number>();
  readonly #entries = new Map<string, { text: string; lives: readonly number[] }>();

  livesOf({ key, tags }: EntryAddress): readonly number[] {
    return [key, ...tags].map((tag) => this.#lives.get(tag) ?? 0);
  }

  fill(address: EntryAddress, text: string, lives: readonly number[]): FillOutcome {
    if (lives[0] !== this.livesOf(address)[0]) return 'outdated';
    this.#entries.set(address.key, { text, lives });
    return 'stored';
  }

  invalidate(tags: readonly string[]): void {
    for (const tag of tags) {
      this.#lives.set(tag, (this.#lives.get(tag) ?? 0) + 1);
      this.#entries.delete(tag);
    }
  }

  hit(address: EntryAddress): string | undefined {
    const entry = this.#entries.get(address.key);
    const present = this.livesOf(address);
    return entry?.lives.every((life, index) => life === present[index]) ? entry.text : undefined;
  }
}

/** Does to a store and to the model the same, and compares every answer. */
async function agreesWithModel({ store }: TestedStore, steps: readonly Step[]): Promise<void> {
  const model = new Model();
  const captured = ADDRESSES.map((): { generations: readonly string[]; lives: readonly number[] }[] => []);
  const stamps = new Map<string, readonly string[]>();
  for (const [number, { what, ...of }] of steps.entries()) {
    if ('tags' in of) {
      await store.invalidate(of.tags);
      model.invalidate(of.tags);
      continue;
    }
    const address = ADDRESSES[of.at] ?? OTHER;
    const loads = captured[of.at] ?? [];
    if (what === 'read') {
      expect(await hitOf(store, address, stamps.get(address.key) ?? [])).toBe(model.hit(address));
      continue;
    }
    if (what === 'capture' || loads.length === 0) {
      const generations = await captureOne(store, address);
      loads.push({ generations, lives: model.livesOf(address) });
      continue;
    }
    const load = what === 'fill' ? loads.at(-1) : loads[0];
    if (load === undefined) continue;
    const outcome = await fillOne(store, fillOf(address, `step ${number}`, load.generations));
    expect(outcome).toBe(model.fill(address, `step ${number}`, load.lives));
    if (outcome === 'stored') stamps.set(address.key, load.generations);
  }
}

/** Any sequence of operations, each compared with the model. */
export function modelProperty(create: StoreHarness['create']) {
  return fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
    const tested = await create();
    try {
      await agreesWithModel(tested, steps);
    } finally {
      await tested.store.close();
    }
  });
}

/** The suite every store passes. Nothing in it assumes that a store answers at once. */
export function storeContract(name: string, harness: StoreHarness): void {
  const { capabilities, sequences = 200 } = harness;
  describe(`the store contract: ${name}`, () => {
    for (const { title, check: run } of storeChecks(capabilities)) {
      it(title, async () => {
        const tested = await harness.create();
        try {
          expect(tested.pass !== undefined).toBe(capabilities.time);
          await run(tested);
        } finally {
          await tested.store.close();
        }
      });
    }

    it('any sequence of operations is answered as by the model', async () => {
      await fc.assert(modelProperty(harness.create), { numRuns: sequences });
    });

    it('a store says truly whether it answers at once, and names its tier in one word', async () => {
      const { store } = await harness.create();
      expect(store.name).toMatch(/^[a-z]+$/);
      expect(store.isLocal).toBe(capabilities.local);
      const reading = store.read([ONE]);
      expect(reading instanceof Promise).toBe(!capabilities.local);
      await reading;
      await store.close();
    });
  });
}
