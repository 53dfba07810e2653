import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { onTestFinished } from 'vitest';
import {
  cacheTypeDefs,
  createCache,
  memoryStore,
  type CacheOptions,
  type Store,
} from '../../../src/cache/index.js';
import type { ShadowCounters, TraceRecord } from '../../../src/cache/types/index.js';
import { cacheLog } from '../cache-log.js';
import type { Gate } from '../gate.js';
import type { TestContext } from '../test-cache.js';
import { virtualClock, type VirtualClock } from '../../../src/cache/testing/index.js';

export const DIFFERS = /^error a shadow check loaded another value than the cache gave/;
export const UNSTABLE = /^warn two shadow checks for the same reader loaded different values/;
export const SWITCHED_OFF = /^error so many shadow checks differed that the field is switched off/;

/** How each field is read; `ahead` is a child of a list, whose entry is read before it is asked for. */
const documents = {
  aside: '{ aside }',
  through: '{ through(id: 1) }',
  listed: '{ listed(ids: [1]) }',
  mine: '{ mine }',
  child: '{ parent { child } }',
  ahead: '{ parents { child } }',
  local: '{ local }',
  other: '{ other }',
  behind: '{ behind }',
} as const;
export type ShadowedField = keyof typeof documents;

const typeDefs = /* GraphQL */ `
  type Parent {
    id: ID!
    child: String @cached(ttl: 3600, tags: ["Value"])
  }
  type Query {
    aside: String @cached(ttl: 3600, swr: 3600, tags: ["Value"])
    through(id: ID!): String @cached(ttl: 3600, pattern: READ_THROUGH, key: "Value:{args.id}")
    listed(ids: [ID!]!): [String] @cached(ttl: 3600, pattern: READ_THROUGH, key: "Listed:{args.ids}")
    mine: String @cached(ttl: 3600, scope: PRIVATE, tags: ["Value"])
    parent: Parent
    parents: [Parent!]
    local: String @cached(ttl: 3600, local: 3600, tags: ["Value"])
    other: String @cached(ttl: 3600, tags: ["Other"])
    behind: String @cached(ttl: 3600, scope: PRIVATE, key: "Behind:{viewer.id}")
  }
  type Mutation {
    setBehind(text: String!): String
      @cached(ttl: 3600, pattern: WRITE_BEHIND, scope: PRIVATE, key: "Behind:{viewer.id}")
  }
`;

export interface ShadowWorld {
  readonly cache: ReturnType<typeof createCache<TestContext>>;
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly logged: readonly string[];
  /** Reads a field, and says what became of it. */
  read(field: ShadowedField): Promise<string | undefined>;
  evidence(field: ShadowedField): Promise<TraceRecord | undefined>;
  /** Reads a field of which nobody wants evidence. */
  readPlainly(field: ShadowedField): Promise<void>;
  /** What loads bring from now on, whoever asks. */
  set(value: string): void;
  /** From now on each load brings another value. */
  count(): void;
  fail(how: 'throw' | 'reject' | 'return'): void;
  lookAtViewer(): void;
  /** From now on loads wait there. */
  pause(gate: Gate): void;
  storeIsAway(isAway: boolean): void;
  /** Loads since the entries were there. */
  loaded(): number;
  underWay(): number;
  counted(field: ShadowedField): ShadowCounters | undefined;
  coordinateOf(field: ShadowedField): string;
}

export interface ShadowWorldOptions extends Partial<CacheOptions<TestContext>> {
  /** How old the entries are at the beginning; default 3,000: nobody takes them for young. */
  readonly ageMs?: number;
}

/** Fields that all are cached, and whose loads bring what the test says. Every fresh hit is checked. */
export async function shadowWorld({
  ageMs = 3000,
  ...options
}: ShadowWorldOptions = {}): Promise<ShadowWorld> {
  const clock = virtualClock();
  const log = cacheLog();
  const isAway = { now: false };
  const store: Store = { ...memoryStore({ clock }), isAway: () => isAway.now };
  let [value, loaded, underWay] = ['one', 0, 0];
  let gate: Gate | undefined;
  let valueOf = (_context: TestContext): unknown => value;
  const load = async (context: TestContext): Promise<unknown> => {
    loaded += 1;
    underWay += 1;
    await gate?.wait();
    underWay -= 1;
    return valueOf(context);
  };
  const ofContext = (_: unknown, __: unknown, context: TestContext): unknown => load(context);
  const origin = {
    load: async (ids: readonly string[], context: TestContext): Promise<readonly unknown[]> => {
      const one = await load(context);
      return ids.map(() => one);
    },
  };
  const cache = createCache<TestContext>({
    store,
    clock,
    log,
    viewer: (context) => context.viewer?.id,
    environment: 'test',
    random: () => 0,
    shadow: { share: 1 },
    origins: { Value: origin, Listed: origin, Behind: { flush: () => Promise.resolve() } },
    ...options,
  });
  onTestFinished(() => cache.close());
  const fields = { aside: ofContext, mine: ofContext, local: ofContext, other: ofContext, behind: ofContext };
  const resolvers = {
    Query: { ...fields, parent: () => ({ id: '1' }), parents: () => [{ id: '1' }] },
    Parent: { child: ofContext },
    Mutation: { setBehind: (_: unknown, { text }: { text: string }) => text },
  };
  const schema = cache.apply(makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers }));
  const contextOf = (): TestContext => ({ viewer: { id: 'ben' } });
  const ask = async (field: ShadowedField, contextValue: TestContext): Promise<void> => {
    const { errors } = await graphql({ schema, source: documents[field], contextValue });
    if (errors?.[0] !== undefined) throw errors[0];
  };
  const evidence = async (field: ShadowedField): Promise<TraceRecord | undefined> => {
    const context = contextOf();
    const trace = cache.trace(context);
    await ask(field, context);
    return trace.report().fields[0];
  };
  const coordinateOf = (field: ShadowedField): string =>
    field === 'child' || field === 'ahead' ? 'Parent.child' : `Query.${field}`;
  for (const field of Object.keys(documents))
    if (isField(field) && field !== 'ahead') await ask(field, contextOf());
  loaded = 0;
  await clock.pass(ageMs);
  return {
    ...{ cache, clock, store, logged: log.lines, evidence, coordinateOf },
    read: async (field) => (await evidence(field))?.outcome,
    readPlainly: (field) => ask(field, contextOf()),
    set: (next) => void (value = next),
    count: () => void (valueOf = () => `value ${loaded}`),
    fail: (how) =>
      void (valueOf = () => {
        const error = new Error('the transaction of the reader has ended');
        if (how === 'throw') throw error;
        return how === 'reject' ? Promise.reject(error) : error;
      }),
    lookAtViewer: () => void (valueOf = ({ viewer }) => viewer?.id),
    pause: (next) => void (gate = next),
    storeIsAway: (is) => void (isAway.now = is),
    loaded: () => loaded,
    underWay: () => underWay,
    counted: (field) => cache.stats.shadowChecks()[coordinateOf(field)],
  };
}

function isField(name: string): name is ShadowedField {
  return name in documents;
}
