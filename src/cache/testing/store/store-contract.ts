import type { ContractCase } from '../contract-case.js';
import { expect } from '../expect.js';
import { batchChecks } from './batch-checks.js';
import { entryChecks } from './entry-checks.js';
import { invalidationChecks } from './invalidation-checks.js';
import { leaseChecks, leaseTimeChecks } from './lease-checks.js';
import { popularityChecks, popularityTimeChecks } from './popularity-checks.js';
import { compareRowSequences } from './row-sequences.js';
import { compareSequences } from './sequences.js';
import { ONE, type TestedStore } from './tested-store.js';
import { timeChecks } from './time-checks.js';
import { variantChecks } from './variant-checks.js';
import { writeChecks } from './write-checks.js';

/** A kind of store, and what its contract depends on. */
export interface StoreContractOptions {
  /** Makes a store that shares nothing with those made before. The contract closes it. */
  readonly create: () => TestedStore | Promise<TestedStore>;
  /** True where reads are answered at once, in this process (`Store.isLocal`). */
  readonly isLocal: boolean;
  /** True where `create` also gives `pass`: the cases about expiry are then among them. */
  readonly hasTime: boolean;
  /** How many random sequences of operations are compared with a model; default 200. */
  readonly sequences?: number;
  /** Makes the same sequences again: a failure names the seed of its own. Default: another one in each run. */
  readonly seed?: number;
}

/** The cases that every store passes. Nothing in them assumes that a store answers at once. */
export function storeContract(options: StoreContractOptions): readonly ContractCase[] {
  const { create, isLocal, hasTime, sequences = 200, seed } = options;
  const always = [
    ...entryChecks,
    ...invalidationChecks,
    ...leaseChecks,
    ...writeChecks,
    ...variantChecks,
    ...popularityChecks,
    ...batchChecks,
  ];
  const inTime = [...timeChecks, ...leaseTimeChecks, ...popularityTimeChecks];
  const cases = [...always, ...(hasTime ? inTime : [])].map(({ title, check }) => ({
    title,
    run: () =>
      withStore(create, async (tested) => {
        expect(tested.pass !== undefined).toBe(hasTime);
        await check(tested);
      }),
  }));
  return [
    ...cases,
    {
      title: 'any sequence of operations is answered as by the model',
      run: () => compareSequences({ create, sequences, ...(seed === undefined ? {} : { seed }) }),
    },
    {
      title:
        'a row that is written, changed elsewhere and loaded in any order is never older than what was invalidated',
      run: () => compareRowSequences({ create, sequences, ...(seed === undefined ? {} : { seed }) }),
    },
    {
      title: 'a store says truly whether it answers at once, and names its tier in one word',
      run: () =>
        withStore(create, async ({ store }) => {
          expect(store.name).toMatch(/^[a-z]+$/);
          expect(store.isLocal).toBe(isLocal);
          const reading = store.read([ONE]);
          expect(reading instanceof Promise).toBe(!isLocal);
          await reading;
        }),
    },
  ];
}

async function withStore(
  create: StoreContractOptions['create'],
  work: (tested: TestedStore) => Promise<void>,
): Promise<void> {
  const tested = await create();
  try {
    await work(tested);
  } finally {
    await tested.store.close();
  }
}
