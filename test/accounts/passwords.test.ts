import { describe, expect, it } from 'vitest';
import { createPasswords } from '../../src/accounts/passwords.js';
import { expectTime } from '../support/run/expect-time.js';

describe('passwords', () => {
  it('match their own hash only', async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash('correct horse');
    expect(await passwords.matches('correct horse', hash)).toBe(true);
    expect(await passwords.matches('correct house', hash)).toBe(false);
    expect(await passwords.matches('correct horse', undefined)).toBe(false);
  });

  it('take about as long to refuse where there is no account', async () => {
    const passwords = createPasswords();
    const hash = await passwords.hash('correct horse');
    const known = await medianMs(() => passwords.matches('wrong', hash));
    const unknown = await medianMs(() => passwords.matches('wrong', undefined));
    // Without the decoy this would be a thousandth.
    expectTime(unknown).toBeGreaterThan(known / 4);
  });
});

async function medianMs(work: () => Promise<unknown>): Promise<number> {
  await work();
  const times: number[] = [];
  for (let run = 0; run < 5; run += 1) {
    const startedAtMs = performance.now();
    await work();
    times.push(performance.now() - startedAtMs);
  }
  return times.sort((a, b) => a - b)[2] ?? 0;
}
