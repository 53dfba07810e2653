import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisStore } from '../../src/cache/redis/index.js';
import { needsRedis } from '../support/needs.js';
import { redisClient } from '../support/servers/redis-client.js';
import { testedRedis, type TestedRedis } from '../support/servers/tested-redis.js';
import { checkGeneratedSchemas, type Report } from './check-generated-schemas.js';
import { countLookAhead } from '../support/count-look-ahead.js';
import { featuresFromEnvironment, fromEnvironment } from './from-environment.js';

/**
 * SEED=… makes the same schemas again, CASES=… compares fewer or more, and WITHOUT=jsonKeys,… leaves features out, to get
 * past a known fault. A run says which seed it took.
 */
const seed = fromEnvironment('SEED', Date.now() % 1_000_000_000);
const cases = fromEnvironment('CASES', 10_000);
const features = featuresFromEnvironment();
const casesInRedis = Math.min(cases, 500);
/** Below it, too few of the schemas were seen for a count to mean anything. */
const ENOUGH_CASES = 1000;

function say(
  where: string,
  { schemas, cases: compared, reads, hits, privateHits }: Report,
  aheadHits: number,
): void {
  process.stderr.write(
    `\n${where}, seed ${seed}: ${schemas} schemas, ${compared} executions compared, ${reads} cached reads, ` +
      `${hits} hits, of them ${privateHits} of PRIVATE fields and ${aheadHits} read ahead\n`,
  );
}

/** A cache that keeps nothing would give the same answers: it must have been used. */
function expectHits({ cases: compared, reads, hits, privateHits }: Report, aheadHits: number): void {
  if (compared < ENOUGH_CASES) return;
  expect(hits / reads).toBeGreaterThan(0.3);
  expect(privateHits).toBeGreaterThan(compared / 10);
  expect(aheadHits).toBeGreaterThan(compared / 50);
}

describe('documents over generated schemas', () => {
  it(
    'are answered with the cache in memory as without it',
    async () => {
      process.stderr.write(`\ngenerated schemas: SEED=${seed} CASES=${cases}\n`);
      const ahead = countLookAhead();
      const report = await checkGeneratedSchemas({ seed, cases, features }).finally(ahead.restore);
      say('in memory', report, ahead.hits());
      if (report.difference !== undefined) expect.fail(report.difference);
      expectHits(report, ahead.hits());
    },
    60_000 + cases * 50,
  );

  describe.skipIf(!needsRedis())('with a Redis that processes share', () => {
    let server: TestedRedis;
    let runs = 0;

    beforeAll(async () => {
      server = await testedRedis();
    });

    afterAll(() => server.stop());

    it.each([
      { strictCopies: true, processes: 1 },
      { strictCopies: true, processes: 2 },
      { strictCopies: false, processes: 2 },
    ])(
      'are answered as without it: %o',
      async (shape) => {
        const ahead = countLookAhead();
        const report = await checkGeneratedSchemas({
          ...{ seed, cases: casesInRedis, ...shape },
          // Copies for some seconds may be older than a write of another process.
          features: { ...features, ...(shape.processes === 1 ? {} : { local: false }) },
          stores: () => {
            const prefix = `run-${(runs += 1)}`;
            // A busy machine is no reason to differ.
            const patient = { prefix, commandTimeoutMs: 10_000 };
            return () => redisStore(redisClient(server.url), patient);
          },
        }).finally(ahead.restore);
        say(`in Redis, ${JSON.stringify(shape)}`, report, ahead.hits());
        if (report.difference !== undefined) expect.fail(report.difference);
        expectHits(report, ahead.hits());
      },
      120_000,
    );
  });
});
