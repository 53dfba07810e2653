import type { EntryAddress } from '../../store/store.js';
import { expect } from '../expect.js';
import { Model } from './model.js';
import { randomOf, trySequences, type SequencesOptions } from './random-sequences.js';
import { captureOne, fillOf, fillOne, hitOf, OTHER, type TestedStore } from './tested-store.js';

const TAGS = ['a', 'b', 'c', 't', 'u'] as const;
const ADDRESSES: readonly EntryAddress[] = [
  { key: 'a', tags: ['t'] },
  { key: 'b', tags: ['t', 'a'] },
  { key: 'c', tags: ['c', 'u'] },
];
const LONGEST = 40;

type Step =
  | { readonly what: 'capture' | 'fill' | 'read' | 'late fill'; readonly at: number }
  | { readonly what: 'invalidate'; readonly tags: readonly string[] };

/** Random sequences of operations, each answer compared with the model's. @throws Error with the seed and the shortest sequence found. */
export function compareSequences(options: SequencesOptions): Promise<void> {
  return trySequences(options, { stepsOf, compare: compareWithModel });
}

function stepsOf(seed: number): readonly Step[] {
  const below = randomOf(seed);
  const oneOf = <const T>(items: readonly [T, ...T[]]): T => items[below(items.length)] ?? items[0];
  const step = (): Step => {
    const at = below(ADDRESSES.length);
    const kind = oneOf(['load', 'late fill', 'invalidate']);
    if (kind === 'load') return { what: oneOf(['capture', 'fill', 'read']), at };
    if (kind === 'late fill') return { what: kind, at };
    return { what: kind, tags: Array.from({ length: below(4) }, () => oneOf(TAGS)) };
  };
  return Array.from({ length: below(LONGEST + 1) }, step);
}

/** Does to a store and to the model the same, and compares every answer. */
async function compareWithModel({ store }: TestedStore, steps: readonly Step[]): Promise<void> {
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
