import type { EntryAddress, Put } from '../../store/store.js';
import { expect } from '../expect.js';
import { begun, versionsOf } from './begun-write.js';
import { randomOf, trySequences, type SequencesOptions } from './random-sequences.js';
import { captureOne, fillOf, hitOf, readOne, type TestedStore } from './tested-store.js';

const LONGEST = 30;
const VARIANTS: readonly [EntryAddress, EntryAddress] = [
  { key: 'Row:1', row: 'Row:1', tags: [] },
  { key: 'Row:1|locale=de', row: 'Row:1', tags: ['|locale=de'] },
];
const ROW = 'Row:1';
const KINDS = [
  ...['begin', 'commit', 'commit', 'end', 'put', 'acknowledge', 'write elsewhere', 'change elsewhere'],
  ...['relay', 'relay', 'load', 'select', 'fill', 'again', 'read', 'read'],
] as const;

/** `at` chooses what it is done to, of all that there is. */
interface Step {
  readonly what: (typeof KINDS)[number];
  readonly at: number;
}

/**
 * One row in a database, written by this cache and by others, whose invalidations come at any time and more than once, while it
 * is loaded: after an invalidation that stands for a change no read finds what is older than it.
 * @throws Error with the seed and the shortest sequence found.
 */
export function compareRowSequences(options: SequencesOptions): Promise<void> {
  return trySequences(options, { stepsOf, compare });
}

function stepsOf(seed: number): readonly Step[] {
  const below = randomOf(seed);
  return Array.from({ length: below(LONGEST + 1) }, (): Step => {
    return { what: KINDS[below(KINDS.length)] ?? 'read', at: below(60) };
  });
}

/** What has been committed: the number of the change, which the value tells, and the version of the row. */
interface Change {
  readonly number: number;
  /** Undefined where the statement does not raise it. */
  readonly version: number | undefined;
}

type Begun = Awaited<ReturnType<typeof begun>>;

async function compare({ store }: TestedStore, steps: readonly Step[]): Promise<void> {
  let [number, version, leastNumber] = [0, 1, 0];
  const open: { readonly write: Begun; readonly address: EntryAddress }[] = [];
  const committed: { readonly write: Begun; readonly row: Put; readonly change: Change }[] = [];
  const untold: Change[] = [];
  const told: Change[] = [];
  const loads: {
    readonly address: EntryAddress;
    readonly generations: readonly string[];
    number?: number;
  }[] = [];
  const stamps = new Map<string, { readonly stamped: readonly string[]; readonly text: string }>();
  const repeatable: (() => Promise<unknown>)[] = [];
  const apply = async (change: Change): Promise<void> => {
    const work = () =>
      store.invalidate([ROW], change.version === undefined ? undefined : versionsOf(ROW, change.version));
    repeatable.push(async () => work());
    await work();
    leastNumber = Math.max(leastNumber, change.number);
  };
  const stored = (address: EntryAddress, stamped: readonly string[], text: string): void =>
    void stamps.set(`${address.key} ${stamped.join(' ')}`, { stamped, text });
  for (const { what, at } of steps) {
    const one = <T>(of: readonly T[]): T | undefined => of[at % Math.max(1, of.length)];
    const address = one(VARIANTS) ?? VARIANTS[0];
    if (what === 'begin') open.push({ write: await begun(store, address), address });
    else if (what === 'commit') {
      const of = one(open);
      if (of === undefined) continue;
      open.splice(open.indexOf(of), 1);
      [number, version] = [number + 1, version + 1];
      const row = of.write.row(`${number}`, version);
      committed.push({ write: of.write, row, change: { number, version } });
      untold.push({ number, version });
    } else if (what === 'end' || what === 'put' || what === 'acknowledge') {
      const of = one(committed);
      if (of === undefined) continue;
      const { write, row, change } = of;
      const { key, row: named, tags } = row;
      stored({ key, row: named, tags }, write.stamped(row), `${change.number}`);
      const work = () => (what === 'end' ? write.commit(row) : write.put(row));
      // A row is put with its invalidation, or after it.
      if (what === 'put' && change.number > leastNumber) continue;
      if (what === 'acknowledge') await apply(change);
      repeatable.push(work);
      await work();
      if (what === 'end') leastNumber = Math.max(leastNumber, change.number);
    } else if (what === 'write elsewhere' || what === 'change elsewhere') {
      number += 1;
      if (what === 'write elsewhere') version += 1;
      untold.push({ number, version: what === 'write elsewhere' ? version : undefined });
    } else if (what === 'relay') {
      const [change] = untold.length > 0 ? untold.splice(at % untold.length, 1) : [one(told)];
      if (change === undefined) continue;
      told.push(change);
      await apply(change);
    } else if (what === 'load') loads.push({ address, generations: await captureOne(store, address) });
    else if (what === 'select') {
      const load = one(loads);
      if (load !== undefined) load.number ??= number;
    } else if (what === 'fill') {
      const load = one(loads.filter((of) => of.number !== undefined));
      if (load === undefined) continue;
      const text = `${load.number}`;
      stored(load.address, load.generations, text);
      const work = async () => store.fill([fillOf(load.address, text, load.generations)]);
      repeatable.push(work);
      await work();
    } else if (what === 'again') await one(repeatable)?.();
    else {
      const { bytes } = await readOne(store, address);
      if (bytes === undefined) continue;
      for (const { stamped, text } of stamps.values()) {
        const found = await hitOf(store, address, stamped);
        if (found !== undefined && found === text) expect(Number(found) >= leastNumber).toBe(true);
      }
    }
  }
}
