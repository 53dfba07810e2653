import { describe, expect, it } from 'vitest';
import { sharedCheck } from '../../src/http/shared-check.js';
import { createGate } from '../support/gate.js';

describe('a shared check', () => {
  it('is one for all who ask while it runs, however long that takes', async () => {
    const gate = createGate();
    let checks = 0;
    const check = sharedCheck(async () => {
      checks += 1;
      await gate.wait();
    }, 0);
    const all = Array.from({ length: 100 }, check);
    await gate.arrived();
    all.push(check());
    expect(checks).toBe(1);
    gate.open();
    await Promise.all(all);
    await check();
    expect(checks).toBe(2);
  });

  it('holds for a while, whatever came of it', async () => {
    const outcomes = [Promise.reject(new Error('away')), Promise.resolve()];
    let checks = 0;
    const check = sharedCheck(() => {
      checks += 1;
      return outcomes.shift() ?? Promise.resolve();
    }, 60_000);
    await expect(check()).rejects.toThrow('away');
    await expect(check()).rejects.toThrow('away');
    expect(checks).toBe(1);
  });

  it('is made anew after that', async () => {
    let checks = 0;
    const check = sharedCheck(() => Promise.resolve(void (checks += 1)), 20);
    await check();
    await expect.poll(async () => check().then(() => checks), { interval: 5 }).toBe(2);
  });
});
