import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, createCache, memoryStore } from '../../src/cache/index.js';
import type { ApiContext } from '../../src/context.js';
import { createScans, scanBounds } from '../../src/limits/scans.js';
import { scansOfClients } from '../../src/schema/scans-of-clients.js';
import { createGate } from '../support/gate.js';
import { cacheLog } from '../support/cache-log.js';

const bounds = { inAll: 3, perClient: 2, waitingPerClient: 2, waitMs: 60_000 };

/** Scans that run until told otherwise, and who runs at the moment. */
function world(waitMs = bounds.waitMs) {
  const scans = createScans({ ...bounds, waitMs });
  const running: string[] = [];
  const end = createGate();
  const begin = (client: string): Promise<string> =>
    scans.forClient(client, () =>
      scans.run(async () => {
        running.push(client);
        await end.wait();
        running.splice(running.indexOf(client), 1);
        return client;
      }),
    );
  return { scans, running, end, begin };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('scans', () => {
  it('of one client run a few at a time, and leave places to others', async () => {
    const { running, end, begin } = world();
    const all = ['ann', 'ann', 'ann', 'bob', 'bob'].map(begin);
    await settled();
    expect(running).toEqual(['ann', 'ann', 'bob']);
    end.open();
    expect(await Promise.all(all)).toEqual(['ann', 'ann', 'ann', 'bob', 'bob']);
    expect(running).toEqual([]);
  });

  it('are refused where too many of the same client wait, and only there', async () => {
    const { end, begin } = world();
    const all = ['ann', 'ann', 'ann', 'ann'].map(begin);
    await expect(begin('ann')).rejects.toMatchObject({
      message: 'You have 4 searches and reports under way; ask again when some of them are answered.',
      extensions: { code: 'TOO_MANY_SCANS', retryAfterMs: 1000 },
    });
    const other = begin('bob');
    end.open();
    expect(await Promise.all([...all, other])).toEqual(['ann', 'ann', 'ann', 'ann', 'bob']);
    expect(await begin('ann')).toBe('ann');
  });

  it('that wait for too long are refused, are not run later, and leave their places to others', async () => {
    const { scans, running, end, begin } = world(50);
    const all = ['ann', 'ann', 'bob'].map(begin);
    const refusal = {
      message: 'Too many searches and reports are under way right now; ask again in a moment.',
      extensions: { code: 'TOO_MANY_SCANS', retryAfterMs: 1000 },
    };
    const tooLate = ['ann', 'cid', 'dan'].map((client) =>
      expect(begin(client)).rejects.toMatchObject(refusal),
    );
    await Promise.all(tooLate);
    const after = ['ann', 'cid'].map(begin);
    const refresh = scans.run(() => Promise.resolve('refreshed'));
    expect(running).toEqual(['ann', 'ann', 'bob']);
    end.open();
    expect(await Promise.all([...all, ...after, refresh])).toEqual([
      ...['ann', 'ann', 'bob', 'ann', 'cid'],
      'refreshed',
    ]);
    await settled();
    expect(running).toEqual([]);
  });

  it('that run are not ended, however long they take', async () => {
    const { end, begin } = world(30);
    const long = ['ann', 'ann'].map(begin);
    // Those that wait for them are refused meanwhile.
    const waited = await Promise.allSettled(['ann', 'ann'].map(begin));
    expect(waited.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    end.open();
    expect(await Promise.all(long)).toEqual(['ann', 'ann']);
  });

  it('that fail give their place back', async () => {
    const { scans } = world();
    const failing = (): Promise<void> => scans.run(() => Promise.reject(new Error('no database')));
    for (let count = 0; count < 10; count += 1) await expect(failing()).rejects.toThrow('no database');
    expect(await scans.run(() => Promise.resolve(1))).toBe(1);
  });

  it('that no request asked for share the places of one client, and are never refused', async () => {
    const { scans, running, end, begin } = world();
    const refreshes = [1, 2, 3, 4, 5, 6].map(() => scans.run(() => end.wait()));
    const all = ['ann', 'bob'].map(begin);
    await settled();
    expect(running).toEqual(['ann']);
    end.open();
    await Promise.all([...refreshes, ...all]);
  });
});

describe('a scan that several clients wait for', () => {
  /** A cached search, as the API has it; `ask` answers with what it found, or with the code of its error. */
  async function searches(waitMs?: number) {
    const { scans, running, end, begin } = world(waitMs);
    const cache = createCache<Pick<ApiContext, 'scans' | 'scansFor'>>({
      store: memoryStore(),
      environment: 'test',
      neutral: ['scans'],
      log: cacheLog(),
    });
    const cached = cache.apply(
      makeExecutableSchema({
        typeDefs: [cacheTypeDefs, 'type Query { search(text: String): String @cached(ttl: 60) }'],
        resolvers: {
          Query: {
            search: (_root: unknown, { text }: { text: string }, context: Pick<ApiContext, 'scans'>) =>
              context.scans.run(() => Promise.resolve(`found ${text}`)),
          },
        },
      }),
    );
    const schema = scansOfClients(cached, ['Query.search'], (resolve, around) =>
      cache.answersAs(resolve, around),
    );
    await cache.start();
    onTestFinished(() => cache.close());
    const ask = async (client: string, text: string): Promise<unknown> => {
      const contextValue = { scans, scansFor: client };
      const source = 'query ($text: String) { search(text: $text) }';
      const { data, errors } = await graphql({ schema, source, contextValue, variableValues: { text } });
      return errors?.[0]?.extensions['code'] ?? data?.['search'];
    };
    return { running, end, begin, ask };
  }

  it('is run for the others where the one who came first has too many under way', async () => {
    const { end, begin, ask } = await searches();
    const all = ['ann', 'ann', 'ann', 'ann'].map(begin);
    await settled();
    const answers = await Promise.all(['ann', 'bob', 'cid'].map((client) => ask(client, 'stars')));
    end.open();
    await Promise.all(all);
    expect(answers).toEqual(['TOO_MANY_SCANS', 'found stars', 'found stars']);
  });

  it('is run for the others where the one who came first waits for its own', async () => {
    const { running, end, begin, ask } = await searches(50);
    const all = ['ann', 'ann'].map(begin);
    await settled();
    expect(running).toEqual(['ann', 'ann']);
    const answers = await Promise.all(['ann', 'bob', 'cid'].map((client) => ask(client, 'stars')));
    end.open();
    await Promise.all(all);
    expect(answers).toEqual(['TOO_MANY_SCANS', 'found stars', 'found stars']);
  });

  it('is refused to all of them where all places of the process are taken', async () => {
    const { running, end, begin, ask } = await searches(50);
    const all = ['ann', 'ann', 'bob'].map(begin);
    await settled();
    expect(running).toEqual(['ann', 'ann', 'bob']);
    const answers = await Promise.all(['cid', 'dan'].map((client) => ask(client, 'stars')));
    end.open();
    await Promise.all(all);
    expect(answers).toEqual(['TOO_MANY_SCANS', 'TOO_MANY_SCANS']);
  });
});

describe('the bounds of scans', () => {
  it.each([
    [1, 1, 1],
    [3, 1, 1],
    [8, 2, 1],
    [12, 3, 2],
    [98, 4, 2],
  ])(
    'leave room for reads by id: of %i connections %i, and %i for one client',
    (connections, inAll, perClient) => {
      expect(scanBounds(connections)).toEqual({ inAll, perClient, waitingPerClient: 20, waitMs: 15_000 });
    },
  );
});
