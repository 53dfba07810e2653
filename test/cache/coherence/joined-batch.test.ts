import { describe, expect, it } from 'vitest';
import { Trace } from '../../../src/cache/metrics/trace.js';
import { JoinedBatch } from '../../../src/cache/coherence/joined-batch.js';
import { createGate } from '../../support/gate.js';

function recording() {
  const sent: string[] = [];
  const batch = new JoinedBatch<string, string>((items) => {
    sent.push(items.join(' '));
    return Promise.resolve(items.map((item) => item.toUpperCase()));
  });
  return { sent, batch };
}

describe('what one tick asks of a remote store', () => {
  it('is one operation, whoever asks, and everybody gets his own answers', async () => {
    const { sent, batch } = recording();
    const answers = await Promise.all([
      batch.ask(['a', 'b'], undefined),
      Promise.resolve().then(() => batch.ask(['c'], undefined)),
      batch.ask(['a'], undefined),
    ]);
    expect(sent).toEqual(['a b a c']);
    expect(answers).toEqual([['A', 'B'], ['C'], ['A']]);
  });

  it('is one round trip for each request that takes part, however often it asked', async () => {
    const { batch } = recording();
    const [one, other] = [new Trace(), new Trace()];
    await Promise.all([batch.ask(['a'], one), batch.ask(['b'], one), batch.ask(['c'], other)]);
    expect([one.storeRoundTrips, other.storeRoundTrips]).toEqual([1, 1]);
  });

  it('is given up early only where all who ask may', async () => {
    const asked: (boolean | undefined)[] = [];
    const batch = new JoinedBatch<string, string>((items, { mayGiveUp }) => {
      asked.push(mayGiveUp);
      return items;
    });
    await Promise.all([batch.ask(['a'], undefined, true), batch.ask(['b'], undefined, true)]);
    await Promise.all([batch.ask(['a'], undefined, true), batch.ask(['b'], undefined)]);
    expect(asked).toEqual([true, false]);
  });

  it('is joined until it is sent, and never after', async () => {
    let version = 1;
    const gate = createGate();
    const batch = new JoinedBatch<string, number>(async (items) => {
      const seen = version;
      await gate.wait();
      return items.map(() => seen);
    });
    const early = batch.ask(['a'], undefined);
    await gate.arrived();
    version = 2;
    const late = batch.ask(['a'], undefined);
    gate.open();
    expect([await early, await late]).toEqual([[1], [2]]);
  });

  it('fails for all who asked, and the next tick starts anew', async () => {
    let failures = 1;
    const batch = new JoinedBatch<string, string>((items) => {
      if ((failures -= 1) >= 0) throw new Error('away');
      return items;
    });
    const both = await Promise.allSettled([batch.ask(['a'], undefined), batch.ask(['b'], undefined)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await batch.ask(['c'], undefined)).toEqual(['c']);
  });

  it('sends nothing for nothing', async () => {
    const { sent, batch } = recording();
    expect(await batch.ask([], undefined)).toEqual([]);
    expect(sent).toEqual([]);
  });
});
