import { describe, expect, it, onTestFinished } from 'vitest';
import { Relay, type RelayOptions } from '../../../src/cache/outbox/relay.js';
import type { Outbox, Relayed } from '../../../src/cache/outbox/outbox.js';
import { memoryOutbox } from '../../../src/cache/testing/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { cacheLog } from '../../support/cache-log.js';
import { createGate } from '../../support/gate.js';

/** The relay of a store that is there, and how often that was told to forget everything. */
function relayed(outbox: Outbox, options: Partial<RelayOptions> = {}) {
  const forgotten: string[] = [];
  let isAway = false;
  let refuses = false;
  const relay = new Relay({
    ...{ outbox, blindAfterMs: 60_000, clock: systemClock, random: () => 0, log: cacheLog() },
    invalidate: () => Promise.resolve(),
    storeIsAway: () => isAway,
    storeIsPartlyAway: () => isAway,
    forgetAll: () => (refuses ? Promise.reject(new Error('refused')) : Promise.resolve()),
    onForgotten: (reason) => void forgotten.push(reason),
    onApplied: () => undefined,
    onOthers: () => undefined,
    ...options,
  });
  onTestFinished(() => relay.close());
  return {
    relay,
    forgotten,
    isAway: (is: boolean) => void (isAway = is),
    refuses: (does: boolean) => void (refuses = does),
  };
}

/** An outbox into which nothing can be written once the gate is open; until then that is not known. */
function unwritable() {
  const refused = createGate();
  const add = (): Promise<never> => refused.wait().then(() => Promise.reject(new Error('no database')));
  return { outbox: { ...memoryOutbox().outbox(), add }, refused };
}

describe('an invalidation that could not be applied', () => {
  it('is waited for by a store that asks whether it may be used again, until it is written down', async () => {
    const written = createGate();
    const rows = memoryOutbox();
    const outbox = rows.outbox();
    const add: Outbox['add'] = (tags) => written.wait().then(() => outbox.add(tags));
    const { relay } = relayed({ ...outbox, add });
    void relay.writeDown(['Film:1']);
    const caughtUp = relay.caughtUp(5000);
    written.open();
    expect(await caughtUp).toBe('yes');
    expect(rows.undone).toEqual([]);
  });

  it('has the store forget everything where it is not written down in time, or cannot be', async () => {
    const { outbox, refused } = unwritable();
    const { relay, isAway } = relayed(outbox);
    isAway(true);
    const written = relay.writeDown(['Film:1']);
    expect(await relay.caughtUp(50)).toBe('no');
    const caughtUp = relay.caughtUp(5000);
    refused.open();
    expect([await caughtUp, await written]).toEqual(['no', false]);
    relay.forgotten();
    expect(await relay.caughtUp(5000)).toBe('yes');
  });

  it('has everything forgotten once for all that fail at the same time, where the store is there', async () => {
    const { outbox, refused } = unwritable();
    const { relay, forgotten } = relayed(outbox);
    const written = [1, 2, 3].map((id) => relay.writeDown([`Film:${id}`]));
    refused.open();
    expect(await Promise.all(written)).toEqual([false, false, false]);
    expect(forgotten).toEqual(['write']);
    expect(await relay.caughtUp(5000)).toBe('yes');
  });

  it('has it forgotten by a later look, where the store could not at once', async () => {
    const { outbox, refused } = unwritable();
    const { relay, forgotten, refuses } = relayed(outbox);
    refuses(true);
    refused.open();
    expect(await relay.writeDown(['Film:1'])).toBe(false);
    expect(await relay.settled(50)).toBe(false);
    refuses(false);
    expect(await relay.settled(1000)).toBe(true);
    expect(forgotten).toEqual(['write']);
  });
});

describe('a store that was away for long', () => {
  /** An outbox whose store is known no more, with what a look brings after it was registered again. */
  function unknown(after: () => Relayed): Outbox {
    let isKnown = false;
    return {
      ...memoryOutbox().outbox(),
      register: () => Promise.resolve((isKnown = true)),
      relay: async (_, forgetAll) => {
        if (!isKnown) return { done: [], elsewhere: [], isKnown };
        await forgetAll?.('absence');
        return after();
      },
    };
  }
  const nothing: Relayed = { done: [], elsewhere: [], isKnown: true };

  it('is not believed before what waits has had everything forgotten, in the same look', async () => {
    const { relay, forgotten } = relayed(unknown(() => nothing));
    expect(await relay.settled(1000)).toBe(true);
    expect(forgotten).toEqual(['absence']);
  });

  it('keeps a process blind while another one has everything forgotten', async () => {
    let isForgotten = false;
    const outbox: Outbox = {
      ...memoryOutbox().outbox(),
      register: () => Promise.resolve(true),
      relay: () =>
        Promise.resolve(isForgotten ? nothing : { ...nothing, elsewhere: ['!1'], forgetting: ['!1'] }),
    };
    let skewMs = 0;
    const clock = { ...systemClock, nowMs: () => Date.now() + skewMs };
    const { relay } = relayed(outbox, { blindAfterMs: 1000, clock });
    await relay.start(0);
    skewMs = 5000;
    await expect.poll(() => relay.isBlind).toBe(true);
    expect(await relay.settled(50)).toBe(false);
    expect(relay.isBlind).toBe(true);
    isForgotten = true;
    await expect.poll(() => relay.isBlind).toBe(false);
  });
});
