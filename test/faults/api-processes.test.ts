import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { apiFaults, calm } from './api-faults.js';
import { apiSoak, type ApiSoakResult } from './api-soak.js';
import { apiWorld, type ApiWorld } from './api-world.js';

/**
 * Three processes of the program itself, each on its own way to one Redis. `npm run test:faults -- processes` runs these
 * alone; FAULTS_LONG=yes takes half a minute for each fault, FAULTS_MUTANTS=only plants the mutant and nothing else.
 *
 * A write counts from its acknowledgement; a bounded one from a second after the fault is over; one in SQL from 500 ms
 * after its commit, whatever goes on. Requests of a process that was killed under them are counted, and no errors.
 */
const names = (process.env['FAULTS'] ?? '').split(',').filter((name) => name !== '');
const isChosen = names.length === 0 || names.some((name) => name.toLowerCase() === 'processes');
const onlyMutants = process.env['FAULTS_MUTANTS'] === 'only';
const isLong = process.env['FAULTS_LONG'] === 'yes';
const FOR_MS = isLong ? 30_000 : 3000;
const MUTANT_FOR_MS = 20_000;

vi.setConfig({ testTimeout: 240_000 + FOR_MS + MUTANT_FOR_MS, hookTimeout: 120_000 });

function report(name: string, result: ApiSoakResult, verdict: string): void {
  const { reads, stale, errors, unanswered, strictWrites, boundedWrites, rawWrites } = result;
  const { faults, p99Ms, writeP99Ms, hitRatio } = result;
  const parts = [
    `${faults} times`,
    `${reads} reads`,
    `${stale} stale`,
    `${errors} errors`,
    `${unanswered} unanswered`,
    `${strictWrites} strict and ${boundedWrites} bounded writes, ${rawWrites} in SQL`,
    `p99 ${Math.round(p99Ms)} ms, of writes ${Math.round(writeP99Ms)} ms`,
    `${Math.round(hitRatio * 100)} % hits`,
    verdict,
  ];
  process.stdout.write(`fault ${name}: ${parts.join(', ')}\n`);
}

const canRun = isChosen && needsPostgres() && needsRedis();

describe.skipIf(!canRun || onlyMutants)(
  'nobody reads less than was acknowledged by any of three processes, when',
  () => {
    let world: ApiWorld;
    beforeAll(async () => {
      world = await apiWorld();
    });
    afterAll(() => world.close());

    for (const { name, what, trouble } of apiFaults) {
      it(what, async () => {
        const result = await apiSoak(world, { forMs: FOR_MS, trouble });
        report(name, result, result.stale === 0 && result.errors === 0 ? 'holds' : 'fails');
        expect(result).toMatchObject({ stale: 0, errors: 0, evidence: [] });
        const { faults, strictWrites, rawWrites } = result;
        expect(Math.min(faults, strictWrites, rawWrites)).toBeGreaterThan(0);
      });
    }
  },
);

describe.skipIf(!canRun)('two processes whose fills come late', () => {
  const soaked = async (plant: string, enough: number): Promise<ApiSoakResult> => {
    const world = await apiWorld({ count: 2, plant });
    onTestFinished(() => world.close(), 60_000);
    return apiSoak(world, { forMs: MUTANT_FOR_MS, trouble: calm, enough });
  };

  // A control for the mutant, which is worth its time in the long form only.
  if (isLong && !onlyMutants)
    it('never answer with less than was acknowledged', async () => {
      const result = await soaked('late-fill', Infinity);
      report('late fills', result, 'holds');
      expect(result).toMatchObject({ stale: 0, errors: 0, evidence: [] });
    });

  it('would be noticed if these were stored blindly', async () => {
    const result = await soaked('late-and-blind-fill', 3);
    report('late fills mutant', result, result.stale > 0 ? 'fails as it must' : 'is not noticed');
    expect(result.stale).toBeGreaterThan(0);
  });
});
