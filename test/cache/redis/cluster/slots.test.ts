import { describe, expect, it } from 'vitest';
import { SLOTS, slotOf, textsOfSlots } from '../../../../src/cache/redis/cluster/slots.js';

describe('slots', () => {
  // As CLUSTER KEYSLOT of Redis says.
  it.each([
    ['', 0],
    ['123456789', 12_739],
    ['foo', 12_182],
    ['user1000', 3443],
    ['Movie:1', 11_244],
    ['é😀', 14_663],
  ])('of %j is %i', (text, slot) => {
    expect(slotOf(text)).toBe(slot);
  });

  it('have a text of their own each', () => {
    const texts = textsOfSlots();
    expect(texts).toHaveLength(SLOTS);
    expect(texts.every((text, slot) => slotOf(text) === slot)).toBe(true);
  });
});
