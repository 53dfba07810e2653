import { randomUUID } from 'node:crypto';
import { setTimeout as passes } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { redisStore } from '../../../src/cache/redis/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { needsRedis } from '../../support/needs.js';
import { useWorkerRedis } from '../../support/servers/worker-redis.js';
import { memoWorld } from './memo-world.js';

const typeDefs = `
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    near: String @cached(ttl: 60, local: 5)
    slow: String @cached(ttl: 60, tags: ["Slow"])
  }
  type Film { id: ID! title: String }
  type Mutation { rename(id: ID!, title: String): Film @invalidates(tags: ["Film:{args.id}"]) }
`;

const KEPT_SOON = { timeout: 10_000, interval: 1 };
const FILM = '{ film(id: 1) { title } }';

describe.skipIf(!needsRedis()).each([false, true])(
  'two processes on one Redis, strict copies: %s',
  (strictCopies) => {
    const used = useWorkerRedis(needsRedis());

    async function twoProcesses() {
      const prefix = randomUUID();
      const titles = new Map([['1', 'Stalker']]);
      const slowLoads: (() => void)[] = [];
      const resolvers = {
        Query: {
          film: (_: unknown, { id }: { id: string }) => ({ id, title: titles.get(id) }),
          near: () => 'near',
          slow: () => new Promise((resolve) => slowLoads.push(() => resolve('slow'))),
        },
        Mutation: {
          rename: (_: unknown, { id, title }: { id: string; title: string }) => {
            titles.set(id, title);
            return { id, title };
          },
        },
      };
      const one = () =>
        memoWorld({
          ...{ typeDefs, resolvers, strictCopies, clock: systemClock },
          // A machine that stands still makes no write one that promises nothing.
          store: redisStore(new Redis(used.url, { lazyConnect: true }), { prefix, commandTimeoutMs: 2000 }),
        });
      return { writer: await one(), reader: await one(), prefix, slowLoads };
    }

    it('the one answers without executing, and never after a write that the other has acknowledged', async () => {
      const { writer, reader } = await twoProcesses();
      for (let write = 0; write < 20; write += 1) {
        // An answer is kept where all of it was fresh when it ended, which a machine that stands still may prevent once.
        await expect.poll(() => reader.ask(FILM), KEPT_SOON).toMatchObject({ isExecuted: false });
        await writer.ask(`mutation { rename(id: 1, title: "title ${write}") { title } }`);
        // One that could not be applied promises nothing.
        const failed = writer.cache.stats.counters()['Mutation.rename']?.failedInvalidations;
        expect({ ...(await reader.ask(FILM)), failed }).toEqual({
          text: `{"data":{"film":{"title":"title ${write}"}}}\n`,
          isExecuted: true,
          failed: 0,
        });
      }
      expect(reader.cache.stats.memo().hits).toBeGreaterThanOrEqual(20);
    });

    it('who asks after a write of the other is not answered with what was begun before it', async () => {
      const { writer, reader, slowLoads } = await twoProcesses();
      const both = '{ film(id: 1) { title } slow }';
      const first = reader.ask(both);
      await expect.poll(() => slowLoads.length).toBe(1);
      slowLoads[0]?.();
      await first;
      await reader.settled(FILM);
      await writer.cache.invalidate(['Slow']);
      // It has read the film as it was, and waits.
      const begun = reader.ask(both);
      await expect.poll(() => slowLoads.length).toBe(2);
      await writer.ask('mutation { rename(id: 1, title: "The Zone") { title } }');
      const later = reader.ask(both);
      await passes(50);
      for (const end of slowLoads) end();
      expect((await begun).text).toContain('Stalker');
      expect((await later).text).toContain('The Zone');
    });

    it('no answer outlives the log of invalidations', async () => {
      const { writer, reader, prefix } = await twoProcesses();
      await reader.settled(FILM);
      const logs = (await used.redis.keys(`${prefix}*`)).filter((key) => key.includes('log'));
      expect(logs.length).toBeGreaterThan(0);
      await writer.ask('mutation { rename(id: 1, title: "unseen") { title } }');
      await used.redis.del(...logs);
      expect((await reader.ask(FILM)).text).toContain('unseen');
    });

    it('nothing is kept of what copies may hide for seconds', async () => {
      const { reader } = await twoProcesses();
      expect(await reader.settled('{ near }')).toMatchObject({ isExecuted: true });
    });

    it('readers that write all the time never see less than was acknowledged', async () => {
      const { writer, reader } = await twoProcesses();
      let [written, isOver] = [0, false];
      const hits = (): number => reader.cache.stats.memo().hits;
      const writing = (async () => {
        for (let title = 1; title <= 60; title += 1) {
          const before = hits();
          await writer.ask(`mutation { rename(id: 1, title: "${title}") { title } }`);
          written = title;
          // Some writes come as soon as the answer to the one before is kept, and some earlier.
          const untilMs = performance.now() + (title % 3 === 0 ? 2000 : 5);
          while (hits() === before && performance.now() < untilMs) await passes(1);
        }
        isOver = true;
      })();
      const old: string[] = [];
      const read = async (): Promise<void> => {
        while (!isOver) {
          const atLeast = written;
          const { text } = await reader.ask(FILM);
          if (Number(/"title":"(\d+)"/.exec(text)?.[1] ?? 0) < atLeast) old.push(`${text} < ${atLeast}`);
        }
      };
      await Promise.all([writing, read(), read(), read(), read()]);
      expect(old).toEqual([]);
      expect(hits()).toBeGreaterThan(10);
    });
  },
);
