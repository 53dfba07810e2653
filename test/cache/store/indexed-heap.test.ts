import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexedHeap } from '../../../src/cache/store/indexed-heap.js';

type Step =
  | { readonly what: 'set'; readonly key: string; readonly priority: number }
  | { readonly what: 'delete'; readonly key: string }
  | { readonly what: 'take' };

type Heap = Pick<IndexedHeap, 'set' | 'delete' | 'smallest' | 'priorityOf'>;

const key = fc.constantFrom(...'abcdefghijklmnop');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('set' as const),
      key,
      priority: fc.integer({ min: 0, max: 20 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('take' as const) }) },
);

/** A sorted array that does what the heap should. */
class SortedModel {
  #nodes: { readonly key: string; readonly priority: number }[] = [];

  set(name: string, priority: number): void {
    this.delete(name);
    this.#nodes.push({ key: name, priority });
    this.#nodes.sort((a, b) => a.priority - b.priority);
  }

  delete(name: string): void {
    this.#nodes = this.#nodes.filter((node) => node.key !== name);
  }

  get smallestPriority(): number | undefined {
    return this.#nodes[0]?.priority;
  }

  priorityOf(name: string): number | undefined {
    return this.#nodes.find((node) => node.key === name)?.priority;
  }
}

/** The heap and a sorted array agree after every step. Equal priorities may come in any order. */
function agrees(makeHeap: () => Heap) {
  return fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const heap = makeHeap();
    const model = new SortedModel();
    for (const taken of steps) {
      const name = taken.what === 'take' ? heap.smallest() : taken.key;
      if (name === undefined) continue;
      if (taken.what === 'set') {
        heap.set(name, taken.priority);
        model.set(name, taken.priority);
      } else {
        heap.delete(name);
        model.delete(name);
      }
      const smallest = heap.smallest();
      expect(smallest === undefined ? undefined : heap.priorityOf(smallest)).toBe(model.smallestPriority);
      expect(heap.priorityOf(name)).toBe(model.priorityOf(name));
    }
  });
}

describe('the indexed heap', () => {
  it('agrees with a sorted array, whatever is done to it', () => {
    fc.assert(
      agrees(() => new IndexedHeap()),
      { numRuns: 5000 },
    );
  });

  it('gives its keys back in the order of their priorities', () => {
    const property = fc.property(fc.array(fc.integer(), { maxLength: 200 }), (priorities) => {
      const heap = new IndexedHeap();
      priorities.forEach((priority, at) => heap.set(String(at), priority));
      const taken: (number | undefined)[] = [];
      for (let next = heap.smallest(); next !== undefined; next = heap.smallest()) {
        taken.push(heap.priorityOf(next));
        heap.delete(next);
      }
      expect(taken).toEqual([...priorities].sort((a, b) => a - b));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('would be caught if a priority that is changed stayed in its place', () => {
    const frozen = (): Heap => {
      const heap = new IndexedHeap();
      return {
        set: (name, priority) => (heap.priorityOf(name) === undefined ? heap.set(name, priority) : undefined),
        delete: (name) => heap.delete(name),
        smallest: () => heap.smallest(),
        priorityOf: (name) => heap.priorityOf(name),
      };
    };
    expect(fc.check(agrees(frozen), { numRuns: 5000, endOnFailure: true }).failed).toBe(true);
  });
});
