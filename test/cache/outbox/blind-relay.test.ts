import { describe, expect, it, onTestFinished } from 'vitest';
import type { RelayingOptions } from '../../../src/cache/types/index.js';
import { memoryStore, type Store } from '../../../src/cache/index.js';
import { createGate, type Gate } from '../../support/gate.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { memoryOutbox } from '../../../src/cache/testing/index.js';
import { testCache } from '../../support/test-cache.js';

const BLIND_AFTER_MS = 1000;

const typeDefs = `
  type Film { id: ID! title: String }
  type Query {
    film(id: ID!): Film @cached(ttl: 600, pattern: READ_THROUGH, key: "Film:{args.id}")
    mirrored: Int @cached(ttl: 600, local: 600, tags: ["Film:1"])
    patient: Int @cached(ttl: 600, staleIfError: 600, tags: ["Film:1"])
    shelf: [Film] @cached(ttl: 600, tags: ["Film:1"])
  }
`;

/** A cache over a database in which a film is a number that writes raise, and a clock that also jumps. */
async function relayed(options?: Partial<RelayingOptions>, between?: () => Promise<void>, store?: Store) {
  const rows = memoryOutbox({ between });
  let [title, isLost, skewMs] = [1, false, 0];
  const load = (): number => {
    if (isLost) throw new Error('no database');
    return title;
  };
  const tested = testCache({
    typeDefs,
    ...(store === undefined ? {} : { store }),
    outbox: rows.outbox(),
    relay: { blindAfterMs: BLIND_AFTER_MS, ...options },
    clock: {
      ...systemClock,
      nowMs: () => Date.now() + skewMs,
    },
    resolvers: { Query: { mirrored: load, patient: load, shelf: () => [{ id: '1', title: `${load()}` }] } },
    origins: { Film: { load: (ids) => Promise.resolve(ids.map((id) => ({ id, title: `${load()}` }))) } },
  });
  onTestFinished(() => tested.cache.close());
  await tested.cache.start();
  const passes = (ms: number): void => void (skewMs += ms);
  /** The relay looks, as it is told that there may be something. */
  const look = (): Promise<void> => {
    rows.commit([]);
    return new Promise((resolve) => setTimeout(resolve, 5));
  };
  return {
    ...tested,
    rows,
    passes,
    seen: async (field: string): Promise<unknown> => {
      const { data } = await tested.query(`{ seen: ${field} }`);
      return Reflect.get(Object(data), 'seen');
    },
    writeElsewhere: (): void => {
      title += 1;
      rows.commit(['Film:1'], false);
    },
    loseDatabase: (is: boolean) => (isLost = is),
    /** The outbox is out of reach, and so much time passes that this is known. */
    blind: async (how: false | 'never' = false): Promise<void> => {
      rows.answers(how);
      await look();
      passes(BLIND_AFTER_MS + 1);
      await look();
      expect(tested.cache.stats.relay().blindForMs).toBeGreaterThan(BLIND_AFTER_MS);
    },
    see: async (): Promise<void> => {
      rows.answers(true);
      await look();
      await look();
      expect(tested.cache.stats.relay().blindForMs).toBe(0);
    },
  };
}

const everyField = ['film(id: 1) { title }', 'shelf { title }', 'mirrored', 'patient'];
const answers = (value: number): unknown[] => [{ title: `${value}` }, [{ title: `${value}` }], value, value];

describe('a relay that cannot look into its outbox', () => {
  it('says so, and nothing of before is served until it can again', async () => {
    const { seen, see, blind, writeElsewhere, cache, logged } = await relayed();
    expect(cache.stats.relay().blindForMs).toBe(0);
    expect(await Promise.all(everyField.map(seen))).toEqual(answers(1));
    await blind();
    writeElsewhere();
    expect(await Promise.all(everyField.map(seen))).toEqual(answers(2));
    expect(cache.stats.relay().blindForMs).toBeGreaterThanOrEqual(BLIND_AFTER_MS);
    expect(logged.join()).toContain('error the outbox could not be looked into for longer than it should');
    writeElsewhere();
    await see();
    expect(await Promise.all(everyField.map(seen))).toEqual(answers(3));
    expect(logged.join()).toContain('warn the outbox is looked into again');
  });

  it('has entries served for as long after their load as it may be blind, and no longer', async () => {
    const { query, blind, passes } = await relayed();
    const read = async (): Promise<string[]> =>
      (await query('{ film(id: 1) { title } mirrored }')).outcomes.sort();
    await read();
    await blind();
    expect(await read()).toEqual(['Query.film MISS', 'Query.mirrored MISS']);
    expect(await read()).toEqual(['Query.film HIT', 'Query.mirrored HIT']);
    passes(BLIND_AFTER_MS + 1);
    expect(await read()).toEqual(['Query.film MISS', 'Query.mirrored MISS']);
  });

  it.each(['read', 'acquire'] as const)(
    'has nothing of before served that the store was asked for meanwhile, though it answers later: %s',
    async (operation) => {
      const inner = memoryStore();
      let waitsIn: Gate | undefined;
      /** What there is when it is asked, handed out once the gate is open. */
      const late = async <Answer>(answer: Answer): Promise<Awaited<Answer>> => {
        const answered = await answer;
        await waitsIn?.wait();
        return answered;
      };
      const { seen, blind, see, writeElsewhere } = await relayed(undefined, undefined, {
        ...inner,
        isLocal: false,
        read: (addresses) =>
          operation === 'read'
            ? late(inner.read(addresses))
            : addresses.map(() => ({ bytes: undefined, generations: [] })),
        acquire: (requests) =>
          operation === 'acquire' ? late(inner.acquire(requests)) : inner.acquire(requests),
      });
      expect(await seen('film(id: 1) { title }')).toEqual({ title: '1' });
      await blind();
      writeElsewhere();
      waitsIn = createGate();
      const reading = seen('film(id: 1) { title }');
      await waitsIn.arrived();
      await see();
      waitsIn.open();
      waitsIn = undefined;
      expect(await reading).toEqual({ title: '2' });
    },
  );

  it('has what is old served within staleIfError only, when its load fails', async () => {
    const { query, blind, loseDatabase } = await relayed();
    await query('{ film(id: 1) { title } patient }');
    await blind();
    loseDatabase(true);
    const { data, result, outcomes } = await query('{ film(id: 1) { title } patient }');
    expect(data).toEqual({ film: null, patient: 1 });
    expect(result.errors?.[0]?.message).toBe('no database');
    expect(outcomes).toContain('Query.patient STALE_ON_ERROR');
  });

  it('has everything served where that is preferred', async () => {
    const { seen, blind, writeElsewhere } = await relayed({ whileBlind: 'serve' });
    await Promise.all(everyField.map(seen));
    await blind();
    writeElsewhere();
    expect(await Promise.all(everyField.map(seen))).toEqual(answers(1));
  });

  it('gives up a look that hangs, and looks again', async () => {
    const { seen, see, blind, passes, writeElsewhere, logged } = await relayed();
    await seen('mirrored');
    await blind('never');
    writeElsewhere();
    passes(6000);
    await see();
    expect(await seen('mirrored')).toBe(2);
    expect(logged.join()).toContain('a look got no further for 5000 ms');
  });

  it('does not give up a look that works on a long backlog, until that gets no further', async () => {
    const steps = [createGate(), createGate(), createGate()];
    const left = [...steps];
    const { passes, writeElsewhere, cache, rows, logged } = await relayed({}, async () =>
      left.shift()?.wait(),
    );
    for (let row = 0; row <= steps.length; row += 1) writeElsewhere();
    rows.commit([]);
    // Three steps of three seconds.
    for (const step of steps.slice(0, -1)) {
      await step.arrived();
      passes(3000);
      rows.commit([]);
      step.open();
    }
    await steps.at(-1)?.arrived();
    expect(logged.join()).not.toContain('could not be relayed');
    passes(6000);
    rows.commit([]);
    await expect.poll(() => logged.join()).toContain('a look got no further for 5000 ms');
    steps.at(-1)?.open();
    await expect.poll(() => rows.undone).toEqual([]);
    expect(cache.stats.relay().rows).toBeGreaterThan(0);
  });

  it('refuses options that cannot be, all in one sentence', async () => {
    const options: object = { blindAfter: 1, blindAfterMs: 0, whileBlind: 'wait' };
    await expect(relayed(options)).rejects.toThrow(
      'createCache: there is no option "relay.blindAfter" (did you mean "blindAfterMs"?); relay.blindAfterMs must be a positive whole ' +
        'number of milliseconds, but got 0; relay.whileBlind must be "load" or "serve", but got "wait"',
    );
  });
});
