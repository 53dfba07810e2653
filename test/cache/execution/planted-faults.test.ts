import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as Hops from '../../../src/cache/execution/after-hops.js';
import type * as ArgumentsPlans from '../../../src/cache/execution/arguments-plan.js';
import type * as Conditions from '../../../src/cache/execution/conditions.js';
import type * as PlainLeaves from '../../../src/cache/execution/plain-leaf.js';
import { compareExecutions } from './compare-executions.js';
import { hearNoRejections } from './hear-no-rejections.js';

const planted = vi.hoisted(() => ({ hops: false, args: false, bits: false, plain: false }));

vi.mock('../../../src/cache/execution/after-hops.js', async (importOriginal) => {
  const original = await importOriginal<typeof Hops>();
  const afterHops: typeof Hops.afterHops = (hops, work) =>
    original.afterHops(planted.hops ? hops - 1 : hops, work);
  return { afterHops };
});

vi.mock('../../../src/cache/execution/arguments-plan.js', async (importOriginal) => {
  const original = await importOriginal<typeof ArgumentsPlans>();
  const argumentsPlanOf: typeof ArgumentsPlans.argumentsPlanOf = (field, node) => {
    const plan = original.argumentsPlanOf(field, node);
    return planted.args && plan === 'each' ? 'flat' : plan;
  };
  return { argumentsPlanOf };
});

vi.mock('../../../src/cache/execution/conditions.js', async (importOriginal) => {
  const original = await importOriginal<typeof Conditions>();
  const bitsOf: typeof Conditions.bitsOf = (...given) => (planted.bits ? 0 : original.bitsOf(...given));
  return { ...original, bitsOf };
});

vi.mock('../../../src/cache/execution/plain-leaf.js', async (importOriginal) => {
  const original = await importOriginal<typeof PlainLeaves>();
  const isPlain: typeof PlainLeaves.isPlain = (leaf, value) =>
    original.isPlain(leaf, value) || (planted.plain && leaf === 'text' && typeof value === 'number');
  return { ...original, isPlain };
});

describe('the comparison of hostile schemas finds', () => {
  beforeAll(hearNoRejections.begin);
  afterAll(hearNoRejections.end);
  afterEach(() => Object.assign(planted, { hops: false, args: false, bits: false, plain: false }));

  it.each([
    ['an error that is told a step of promises too early', 'hops'],
    ['arguments that one call hands to the next, changed', 'args'],
    ['conditions that are those of another request', 'bits'],
    ['a number where the scalar makes a text of it', 'plain'],
  ] as const)('%s', async (_, fault) => {
    planted[fault] = true;
    const report = await compareExecutions(1, 3000);
    expect(report.difference).toBeDefined();
  });
});
