import { describe, expect, it } from 'vitest';
import { asksAt } from '../../../../src/cache/redis/cluster/redirect.js';

const owner = { host: '10.0.0.1', port: 7000 };

describe('where a slot is on its way to', () => {
  it('is the address that its owner names', () => {
    expect(asksAt(new Error('ASK 12 10.0.0.2:7001'), owner)).toEqual({ host: '10.0.0.2', port: 7001 });
  });

  it('is on the host of its owner where that names a port only', () => {
    expect(asksAt(new Error('ASK 12 :7001'), owner)).toEqual({ host: '10.0.0.1', port: 7001 });
  });

  it('is not known where the owner is not, nor by any other answer', () => {
    expect(asksAt(new Error('ASK 12 :7001'), undefined)).toBeUndefined();
    expect(asksAt(new Error('MOVED 12 10.0.0.2:7001'), owner)).toBeUndefined();
    expect(asksAt(new Error('OOM'), owner)).toBeUndefined();
  });
});
