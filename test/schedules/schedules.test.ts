import { setImmediate as passes } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Store } from '../../src/cache/index.js';
import { withBlindFill, withSilentLog } from '../support/stores/planted-stores.js';
import { KINDS, scheduledStore, type Kind, type LogOrder } from '../support/stores/scheduled-store.js';
import { testCache } from '../support/test-cache.js';

/**
 * Interleavings of the real engine over a store whose every step fast-check decides. More of them, or one again:
 *   SCHEDULES=1000000 npx vitest run test/schedules/schedules.test.ts
 *   SCHEDULE_SEED=-123 SCHEDULE_PATH=4:0:1 npx vitest run test/schedules/schedules.test.ts -t 'strict copies'
 */
const RUNS = Number(process.env['SCHEDULES'] ?? 10_000);
const SEED = process.env['SCHEDULE_SEED'];
const PATH = process.env['SCHEDULE_PATH'];

const typeDefs = `
  type Row { id: ID! version: Int! }
  type Query {
    through(id: ID!): Row @cached(ttl: 3600, pattern: READ_THROUGH, key: "Row:{args.id}")
    aside(id: ID!): Row @cached(ttl: 3600, key: "Aside:{args.id}", tags: ["Row:{args.id}"])
  }
  type Mutation { write(id: ID!): Row! @invalidates(tags: ["Row:{args.id}"]) }
`;

const PROCESSES = 2;
const FIELDS = ['through', 'aside'] as const;
type Field = (typeof FIELDS)[number];
const READS: Readonly<Record<Field, string>> = {
  through: 'query ($id: ID!) { row: through(id: $id) { version } }',
  aside: 'query ($id: ID!) { row: aside(id: $id) { version } }',
};
const WRITE = 'mutation ($id: ID!) { row: write(id: $id) { version } }';

type Step =
  | { readonly read: Field; readonly by: number }
  | { readonly write: true; readonly by: number }
  | { readonly evict: Kind; readonly of: 'Row' | 'Aside' }
  | { readonly repeat: number };

/** The process that does it. */
const by = fc.nat(PROCESSES - 1);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ read: fc.constantFrom(...FIELDS), by }) },
  { weight: 3, arbitrary: fc.record({ write: fc.constant(true as const), by }) },
  {
    weight: 1,
    arbitrary: fc.record({ evict: fc.constantFrom(...KINDS), of: fc.constantFrom('Row', 'Aside') }),
  },
  { weight: 1, arbitrary: fc.record({ repeat: fc.nat(15) }) },
);
const scripts = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 });

/**
 * What follows from a step inside the process has happened before the next one is chosen, the tick included in which
 * reads are joined. Otherwise steps on their way would always supersede it.
 */
async function act(run: () => Promise<unknown>): Promise<void> {
  await run();
  await passes();
  await passes();
}

interface WorldOptions {
  readonly strictCopies: boolean;
  readonly plant?: (store: Store) => Store;
  /** Where the log is written too early, or not at all. */
  readonly log?: LogOrder;
  /** The engine under test; another one where a fault is planted into its code. */
  readonly newCache?: typeof testCache;
}

/** As many caches as processes, for all schedules; each schedule has a row of its own, so that none sees what another left. */
function world({ strictCopies, log, plant = (store) => store, newCache = testCache }: WorldOptions) {
  const far = scheduledStore(log);
  const versions = new Map<string, number>();
  let scheduler: fc.Scheduler | undefined;
  const pause = (): Promise<void> => scheduler?.schedule(Promise.resolve()) ?? Promise.resolve();
  const load = async (id: string): Promise<unknown> => {
    await pause();
    const snapshot = { id, version: versions.get(id) ?? 1 };
    await pause();
    return snapshot;
  };
  const newProcess = () =>
    newCache({
      typeDefs,
      store: plant(far.store),
      strictCopies,
      resolvers: {
        Query: { aside: (_, { id }: { id: string }) => load(id) },
        Mutation: {
          write: (_, { id }: { id: string }) => {
            const version = (versions.get(id) ?? 1) + 1;
            versions.set(id, version);
            return { id, version };
          },
        },
      },
      origins: { Row: { load: (ids) => Promise.all(ids.map(load)) } },
    });
  const processes = Array.from({ length: PROCESSES }, newProcess);
  onTestFinished(async () => void (await Promise.all(processes.map(({ cache }) => cache.close()))));
  const ask = async (process: number, source: string, id: string): Promise<number> =>
    versionOf((await processes[process]?.query(source, {}, { id }))?.data);
  const versionOf = (data: unknown): number =>
    Number(Reflect.get(Object(Reflect.get(Object(data), 'row')), 'version'));
  let rows = 0;

  /** Reads that returned less than was acknowledged when they began, in one schedule. */
  return async (next: fc.Scheduler, actors: readonly (readonly Step[])[]): Promise<number> => {
    const id = `${(rows += 1)}`;
    let [acknowledged, stale] = [1, 0];
    scheduler = next;
    far.follow(next);
    const reads = async (field: Field, process: number): Promise<void> => {
      const atLeast = acknowledged;
      if (!((await ask(process, READS[field], id)) >= atLeast)) stale += 1;
    };
    const take = async (what: Step): Promise<void> => {
      await pause();
      if ('read' in what) await reads(what.read, what.by);
      else if ('write' in what) {
        const version = await ask(what.by, WRITE, id);
        acknowledged = Math.max(acknowledged, version);
      } else if ('evict' in what) far.evict(what.evict, `${what.of}:${id}`);
      else far.repeat(what.repeat);
    };
    const play = async (script: readonly Step[]): Promise<void> => {
      for (const what of script) await take(what);
    };
    await next.waitFor(Promise.all(actors.map(play)));
    scheduler = undefined;
    far.follow(undefined);
    // What is still on its way arrives late, before the last look.
    while (next.count() > 0) await next.waitIdle();
    for (const field of FIELDS) {
      for (let process = 0; process < PROCESSES; process += 1) await reads(field, process);
    }
    return stale;
  };
}

async function explored(options: WorldOptions, runs: number): Promise<Details> {
  const staleReads = world(options);
  const property = fc.asyncProperty(fc.scheduler({ act }), scripts, async (scheduler, actors) => {
    expect(await staleReads(scheduler, actors)).toBe(0);
  });
  return fc.check(property, {
    numRuns: runs,
    endOnFailure: true,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    ...(PATH === undefined ? {} : { path: PATH }),
  });
}

type Details = fc.RunDetails<[fc.Scheduler, Step[][]]>;

function told(what: string, { seed, numRuns, counterexamplePath, failed }: Details): string {
  const end = failed
    ? `stale after ${numRuns}, SCHEDULE_PATH=${counterexamplePath}`
    : `${numRuns} schedules, none stale`;
  return `${what}: ${end}, SCHEDULE_SEED=${seed}\n`;
}

describe('whatever the order of steps, evictions and repeated commands', () => {
  it.each([
    ['without copies', false],
    ['with strict copies', true],
  ])(
    'nobody reads less than was acknowledged before: %s',
    async (what, strictCopies) => {
      const details = await explored({ strictCopies }, RUNS / 2);
      process.stdout.write(told(what, details));
      expect(details.failed, fc.defaultReportMessage(details)).toBe(false);
    },
    60_000 + RUNS * 20,
  );

  const plants: [string, WorldOptions][] = [
    ['fills did not compare generations', { strictCopies: false, plant: withBlindFill }],
    ['the log of invalidations told nothing', { strictCopies: true, plant: withSilentLog }],
    ['it were written before the entries are gone', { strictCopies: true, log: 'before' }],
    ['a write were acknowledged before it is in the log', { strictCopies: true, log: 'after-the-answer' }],
  ];
  it.each(plants)('somebody would, if %s', { timeout: 150_000 }, async (what, options) => {
    const details = await explored(options, RUNS);
    process.stdout.write(told(`if ${what}`, details));
    expect(details.failed).toBe(true);
  });

  it('somebody would, if hits did not compare generations', { timeout: 150_000 }, async () => {
    vi.resetModules();
    vi.doMock('../../src/cache/coherence/generations.js', () => ({ generationsMatch: () => true }));
    onTestFinished(() => {
      vi.doUnmock('../../src/cache/coherence/generations.js');
      vi.resetModules();
    });
    const { testCache: plantedCache } = await import('../support/test-cache.js');
    const details = await explored({ strictCopies: false, newCache: plantedCache }, RUNS);
    process.stdout.write(told('if hits did not compare generations', details));
    expect(details.failed).toBe(true);
  });
});
