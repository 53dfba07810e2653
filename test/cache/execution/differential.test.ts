import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromEnvironment } from '../../properties/from-environment.js';
import { compareExecutions } from './compare-executions.js';
import { hearNoRejections } from './hear-no-rejections.js';

/** SEED=… makes the same schemas again, CASES=… compares fewer or more. A run says which seed it took. */
const seed = fromEnvironment('SEED', Date.now() % 1_000_000_000);
const cases = fromEnvironment('CASES', process.env['ATTACKS'] === 'long' ? 10_000 : 400);

describe('queries over hostile schemas', () => {
  beforeAll(hearNoRejections.begin);
  afterAll(hearNoRejections.end);

  it(
    'are answered by plans as by graphql-js: data, errors, and what is called in which order',
    async () => {
      process.stderr.write(`\ncompiled execution: SEED=${seed} CASES=${cases}\n`);
      const { difference, ...report } = await compareExecutions(seed, cases);
      process.stderr.write(`${JSON.stringify(report)}\n`);
      if (difference !== undefined) expect.fail(difference);
      // It must have been a comparison: of plans, with errors, sync and not.
      expect(report.compiled).toBeGreaterThan(report.cases / 3);
      expect(report.failed).toBeGreaterThan(report.cases / 4);
      expect(report.promised).toBeGreaterThan(report.cases / 4);
    },
    60_000 + cases * 20,
  );

  it('are compared where an answer holds what resolvers are given, which leads back to itself', async () => {
    // The schema of this seed asks an empty list for its `constructor`, as one of some thousands does.
    const { difference } = await compareExecutions(500_000_921, 1);
    expect(difference).toBeUndefined();
  });
});
