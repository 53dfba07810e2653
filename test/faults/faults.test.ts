import { afterAll, describe, expect, it } from 'vitest';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { expectTime } from '../support/run/expect-time.js';
import { faults, type Fault } from './faults.js';
import { endWorlds, type FaultResult } from './world.js';

/**
 * `npm run test:faults` runs each fault for as long as it takes to trust the result, and prints a report; as a part of
 * `npm test` each is short. FAULTS names some (`F2,F9`), FAULTS_MUTANTS=only plants the mutants and nothing else.
 */
const isLong = process.env['FAULTS_LONG'] === 'yes';
const names = (process.env['FAULTS'] ?? '').split(',').filter((name) => name !== '');
const chosen = faults.filter(({ name }) => names.length === 0 || names.includes(name.toUpperCase()));
const onlyMutants = process.env['FAULTS_MUTANTS'] === 'only';

/** A planted fault must be noticed within this and one run more. */
const TRIED_FOR_MS = 40_000;

const timeoutOf = ({ shortMs, longMs, mutantMs = 0 }: Fault): number =>
  180_000 + (isLong ? longMs : shortMs) + mutantMs;

function report(name: string, result: FaultResult, verdict: string): void {
  const { reads, stale, errors, strictWrites, boundedWrites, p99Ms, writeP99Ms, hitRatio } = result;
  const parts = [
    `${reads} reads`,
    `${stale} stale`,
    `${errors} errors`,
    `${strictWrites} strict and ${boundedWrites} bounded writes`,
    `p99 ${Math.round(p99Ms)} ms, of writes ${Math.round(writeP99Ms)} ms`,
    `${Math.round(hitRatio * 100)} % hits`,
    verdict,
  ];
  process.stdout.write(`fault ${name}: ${parts.join(', ')}\n`);
}

describe.skipIf(!needsPostgres() || !needsRedis())(
  'nobody reads less than was acknowledged, and nobody gets an error, when',
  () => {
    afterAll(endWorlds);
    if (!onlyMutants) {
      for (const fault of chosen) {
        it(`${fault.name}: ${fault.what}`, { timeout: timeoutOf(fault) }, async () => {
          const result = await fault.run({ forMs: isLong ? fault.longMs : fault.shortMs, isPlanted: false });
          report(fault.name, result, 'holds');
          expect(result).toMatchObject({ stale: 0, errors: 0 });
          expect(fault.check?.(result)).toBeUndefined();
          expect(result.strictWrites).toBeGreaterThan(0);
          expectTime(result.writeP99Ms, 'p99 of writes').toBeLessThanOrEqual(
            fault.writesWithinMs ?? Number.POSITIVE_INFINITY,
          );
        });
      }
    }
    for (const fault of chosen) {
      it(`${fault.name} would be noticed if ${fault.mutant}`, { timeout: timeoutOf(fault) }, async () => {
        let stale = 0;
        // On a busy machine little happens in the time that it has.
        const untilMs = performance.now() + TRIED_FOR_MS;
        while (stale === 0 && performance.now() < untilMs) {
          const result = await fault.run({ forMs: fault.mutantMs ?? fault.shortMs, isPlanted: true });
          ({ stale } = result);
          report(`${fault.name} mutant`, result, stale > 0 ? 'fails as it must' : 'was not noticed');
        }
        expect(stale).toBeGreaterThan(0);
      });
    }
  },
);
