import { randomUUID } from 'node:crypto';
import { request as send } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal, redisStore } from '../../../src/cache/redis/index.js';
import { systemClock } from '../../../src/cache/time/clock.js';
import { createGate } from '../../support/gate.js';
import { needsRedis } from '../../support/needs.js';
import { useWorkerRedis } from '../../support/servers/worker-redis.js';
import { apolloWays } from '../../support/worlds/http-servers.js';
import { askOver, httpWorld } from '../../support/worlds/http-world.js';
import { frontWorld, type FrontContext } from './front-world.js';

setFlagsFromString('--expose-gc');
const gc: unknown = runInNewContext('gc');

const FILM = { query: '{ film { title } }' };

it('what is written while the context of a request is made is in its answer', async () => {
  const { ask, settled } = await frontWorld();
  expect((await settled(FILM)).isInFront).toBe(true);
  const gate = createGate();
  const context = async (): Promise<FrontContext> => {
    await gate.wait();
    return {};
  };
  const asked = ask({ ...FILM, context });
  await gate.arrived();
  await ask({ query: 'mutation { rename(id: 1, title: "new") { title } }' });
  gate.open();
  expect((await asked).text).toContain('"new"');
});

describe.skipIf(!needsRedis()).each(apolloWays)('over Redis, Apollo Server %s', (_, start) => {
  const used = useWorkerRedis(needsRedis());
  const PRICE = '{ price }';
  const headers = { 'x-tenant': 'a' };

  /** A server whose looks into the log wait for `gate`, and its requests. */
  async function served() {
    const requests: WeakRef<object>[] = [];
    const prefix = randomUUID();
    const client = (): Redis => new Redis(used.url, { lazyConnect: true });
    const store = redisStore(client(), { prefix });
    const { readLog } = store;
    if (readLog === undefined) throw new Error('a store in Redis has a log');
    const looks = { gate: createGate() };
    looks.gate.open();
    const world = httpWorld({
      store: {
        ...store,
        readLog: async (after) => {
          await looks.gate.wait();
          return readLog(after);
        },
      },
      journal: redisJournal(client(), { prefix, storePrefix: prefix }),
      clock: systemClock,
      memo: true,
    });
    await world.cache.start();
    onTestFinished(() => world.cache.close());
    const server = await start(world, {
      isInFront: true,
      asked: (request) => void requests.push(new WeakRef(request)),
    });
    onTestFinished(() => server.close());
    const ask = () => askOver(server.url, PRICE, { headers });
    const inFront = (): number => world.cache.stats.memo().inFront;
    for (let times = 0; times < 20 && inFront() === 0; times += 1) await ask();
    expect(inFront()).toBe(1);
    requests.length = 0;
    return { ...world, ...server, ask, inFront, looks, requests };
  }

  /** How many of these requests something still refers to. */
  async function stillThere(requests: readonly WeakRef<object>[]): Promise<number> {
    const count = (): number => requests.filter((one) => one.deref() !== undefined).length;
    // What a turn of the event loop has looked at stays until its end.
    for (let turns = 0; turns < 20 && count() > 5; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (typeof gc === 'function') Reflect.apply(gc, undefined, []);
    }
    return count();
  }

  it('nothing stays of requests that were answered in front, in which the server had begun', async () => {
    const { ask, inFront, requests } = await served();
    for (let round = 0; round < 4; round += 1) await Promise.all(Array.from({ length: 25 }, ask));
    expect([inFront(), requests.length]).toEqual([101, 100]);
    // The server may know the last ones of its connections.
    expect(await stillThere(requests)).toBeLessThan(30);
  });

  it('clients that leave while the log is looked into leave nothing behind, and keep nobody waiting', async () => {
    const { ask, url, inFront, looks, requests } = await served();
    looks.gate = createGate();
    const query = encodeURIComponent(PRICE);
    const leaving = Array.from({ length: 60 }, () => {
      const asked = send(`${url}?query=${query}`, {
        headers: { ...headers, accept: 'application/json', 'apollo-require-preflight': '1' },
      });
      const gone = new Promise((resolve) => asked.on('close', resolve));
      asked.on('error', () => undefined).end();
      return { asked, gone };
    });
    await expect.poll(() => requests.length).toBe(60);
    for (const { asked } of leaving) asked.destroy();
    await Promise.all(leaving.map(({ gone }) => gone));
    const before = inFront();
    const staying = ask();
    looks.gate.open();
    expect(await staying).toMatchObject({ status: 200, body: '{"data":{"price":"first for a"}}\n' });
    expect(inFront()).toBe(before + 61);
    expect(await stillThere(requests)).toBeLessThan(15);
  });

  it('a look that fails has the server answer', async () => {
    const { ask, inFront, looks } = await served();
    const before = inFront();
    looks.gate = { ...createGate(), wait: () => Promise.reject(new Error('no log')) };
    expect(await ask()).toMatchObject({ status: 200, body: '{"data":{"price":"first for a"}}\n' });
    expect(inFront()).toBe(before);
  });
});
