import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CacheOptions, Store } from '../../../src/cache/index.js';
import { redisStore } from '../../../src/cache/redis/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import type { AskOptions } from '../../../src/cache/types/index.js';
import { createGate } from '../../support/gate.js';
import { needsRedis } from '../../support/needs.js';
import { redisClient } from '../../support/servers/redis-client.js';
import { useTestedRedis } from '../../support/servers/tested-redis.js';
import { memoWorld, type MemoContext } from '../memo/memo-world.js';

const typeDefs = `
  type Query {
    aside(id: ID!): Text @cached(ttl: 600, key: "Aside:{args.id}")
    through(id: ID!): Text @cached(ttl: 600, pattern: READ_THROUGH, key: "Text:{args.id}")
    throughs(ids: [ID!]!): [Text] @cached(ttl: 600, pattern: READ_THROUGH, key: "Text:{args.ids}")
    warm: Text @cached(ttl: 600, pattern: PREFETCH)
    varied: Text @cached(ttl: 600, vary: ["tenant"])
    mine: Text @cached(ttl: 600, scope: PRIVATE)
    list: [Parent] @cached(ttl: 600)
    local: Text @cached(ttl: 600, local: 300)
  }
  type Text { id: ID! text: String }
  type Parent { id: ID! child: Text @cached(ttl: 600, pattern: READ_THROUGH, key: "Text:{parent.id}") }
`;

/** A request of a client that wants fresh values, and may. */
const EDITOR: MemoContext = { viewer: { id: 'editor' }, tenant: 'a' };
const http = { mayRefresh: ({ viewer }: MemoContext) => viewer?.id === 'editor' };
const noCache = { 'cache-control': 'no-cache' };

describe.skipIf(!needsRedis()).each([
  ['Redis', {}],
  ['strict copies and the memo', { strictCopies: true, memo: true }],
] satisfies [string, Partial<CacheOptions<MemoContext>>][])(
  'a request for fresh values, over %s',
  (_name, extra) => {
    const used = useTestedRedis(needsRedis());

    async function processes() {
      const prefix = randomUUID();
      const origin = { text: 'old', loads: 0, isBroken: false, wait: () => Promise.resolve() };
      const load = async (id: string) => {
        origin.loads += 1;
        const { text } = origin;
        await origin.wait();
        if (origin.isBroken) throw new Error('the database is away');
        return { id, text };
      };
      const resolvers = {
        Query: {
          aside: (_: unknown, { id }: { id: string }) => load(id),
          warm: () => load('warm'),
          varied: () => load('varied'),
          mine: () => load('mine'),
          local: () => load('local'),
          list: () => [{ id: '1' }, { id: '2' }],
        },
      };
      const one = (seen = (store: Store): Store => store) =>
        memoWorld({
          ...{ typeDefs, resolvers, http, memo: false, clock: systemClock },
          store: seen(redisStore(redisClient(used.url), { prefix })),
          vary: { tenant: ({ tenant }) => tenant },
          origins: { Text: { load: (ids) => Promise.all(ids.map(load)) } },
          ...extra,
        });
      return { here: await one(), there: await one(), origin, one };
    }

    it.each([
      'aside(id: 1) { text }',
      'through(id: 1) { text }',
      'throughs(ids: [1, 2]) { text }',
      'warm { text }',
      'varied { text }',
      'mine { text }',
      'list { child { text } }',
      'local { text }',
    ])('has { %s } loaded, stored and seen by everybody', async (field) => {
      const { here, there, origin } = await processes();
      const query = `{ ${field} }`;
      const asked = { context: EDITOR };
      const { text: old } = await here.settled(query, asked);
      // In the other process a field with local seconds may be older for as long.
      if (!field.startsWith('local')) expect((await there.settled(query, asked)).text).toBe(old);
      origin.text = 'new';
      expect((await here.ask(query, asked)).text).toBe(old);
      const { text: fresh } = await here.ask(query, { ...asked, headers: noCache });
      expect(fresh).toBe(old.replaceAll('old', 'new'));
      const { loads } = origin;
      for (const world of [here, there, there, here])
        expect((await world.ask(query, asked)).text).toBe(fresh);
      expect(origin.loads).toBe(loads);
    });

    it('has what it loads stored, however late answers of the store are', async () => {
      const { there, origin, one } = await processes();
      let isLate = false;
      const here = await one((store) => {
        const late = ({ mayGiveUp }: AskOptions = {}): void => {
          if (isLate && mayGiveUp === true) throw new Error('it is late');
        };
        return {
          ...store,
          read: async (addresses, options) => {
            late(options);
            return store.read(addresses, options);
          },
          acquire: async (requests, options) => {
            late(options);
            return store.acquire(requests, options);
          },
        };
      });
      for (let id = 1; id <= 5; id += 1) await here.settled(`{ through(id: ${id}) { text } }`);
      const query = '{ through(id: 1) { text } }';
      origin.text = 'new';
      isLate = true;
      const { loads } = origin;
      const { text } = await here.ask(query, { context: EDITOR, headers: noCache });
      expect(text).toContain('new');
      expect(origin.loads).toBe(loads + 1);
      expect((await there.ask(query)).text).toBe(text);
    });

    it('is answered as always where its client may not', async () => {
      const { here, origin } = await processes();
      const { text } = await here.ask('{ through(id: 1) { text } }');
      origin.text = 'new';
      const asked = { headers: noCache, context: { viewer: { id: 'reader' } } };
      expect((await here.ask('{ through(id: 1) { text } }', asked)).text).toBe(text);
      expect(origin.loads).toBe(1);
    });

    it.each(['aside(id: 1)', 'through(id: 1)'])(
      'joins the others: a hundred for %s in two processes are one load, and all get what it brings',
      async (field) => {
        const { here, there, origin } = await processes();
        const query = `{ ${field} { text } }`;
        await here.settled(query);
        await there.settled(query);
        origin.text = 'new';
        const before = origin.loads;
        const gate = createGate();
        origin.wait = gate.wait;
        const asking = Array.from({ length: 100 }, (_, index) =>
          (index % 2 === 0 ? here : there).ask(query, { context: EDITOR, headers: noCache }),
        );
        await gate.arrived();
        gate.open();
        const texts = new Set((await Promise.all(asking)).map(({ text }) => text));
        expect([...texts].join('')).toContain('new');
        expect(texts.size).toBe(1);
        expect(origin.loads - before).toBe(1);
      },
    );

    it('fails where the load does, and leaves the entry to the others', async () => {
      const { here, there, origin } = await processes();
      const query = '{ aside(id: 1) { text } }';
      const { text } = await here.settled(query);
      origin.isBroken = true;
      const failed = await here.ask(query, { context: EDITOR, headers: noCache });
      expect(failed.text).toContain('the database is away');
      expect((await here.ask(query)).text).toBe(text);
      expect((await there.ask(query)).text).toBe(text);
    });

    it('is counted as one', async () => {
      const { here } = await processes();
      await here.settled('{ aside(id: 1) { text } }');
      await here.ask('{ aside(id: 1) { text } }', { context: EDITOR, headers: noCache });
      expect(here.cache.stats.counters()['Query.aside']).toMatchObject({ refreshed: 1, misses: 1 });
    });
  },
);
