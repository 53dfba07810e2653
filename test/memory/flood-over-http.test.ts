import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { largeQuestions, readCursors } from '../support/load/large-answers.js';
import { type MeasuredProcess, measuredProcess } from '../support/processes/measured-process.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { percentile } from '../support/load/percentile.js';
import { privatePostgres } from '../support/private-postgres.js';
import { privateRedis } from '../support/private-redis.js';
import { post } from '../support/worlds/seeded-api.js';
import { usualLoad } from '../support/load/usual-load.js';

// It has a long form only: what it shows of the library, memory.test.ts and normal-load.test.ts show in CI.

const MIB = 1024 * 1024;
const HEAP_MIB = 512;
const MAX_BYTES = 128 * MIB;
/** Code that is compiled under load, and what is remembered of keys beside entries: 2 MB for each of four fields. */
const BESIDE = 24 * MIB;
const ANSWERS = 30_000;
const LOOKS = 3;
const CONNECTIONS = 6;
const USUAL_FILMS = 1600;
const ALL_FILMS = 3201;
/** As an attacker would, it comes from several addresses; each may run a search or two at a time. */
const attackers = ['203.0.113.1', '203.0.113.2', '203.0.113.3'];

interface Flooded {
  readonly errors: number;
  /** Bytes that the process held beyond what it held before, after each third of the flood. */
  readonly held: readonly number[];
}

/** Asks for large answers, each twice, and looks at the memory of the process meanwhile. */
async function flood(api: MeasuredProcess): Promise<Flooded> {
  const before = await api.holds();
  const questions = largeQuestions(await readCursors(api.url), { from: USUAL_FILMS + 1, to: ALL_FILMS });
  const held: number[] = [];
  const tookMs: number[] = [];
  let [asked, errors] = [0, 0];
  const client = async (address: string, upTo: number): Promise<void> => {
    while (asked < upTo) {
      asked += 1;
      const { query, variables } = questions.next().value ?? { query: '', variables: {} };
      for (let times = 0; times < 2; times += 1) {
        const sinceMs = performance.now();
        const answer = await post(api, query, { variables, headers: { 'x-forwarded-for': address } });
        if (times === 0) tookMs.push(performance.now() - sinceMs);
        if (answer.includes('"errors"') && (errors += 1) <= 3) say(`an error: ${answer.slice(0, 300)}`);
      }
    }
  };
  const startedAtMs = performance.now();
  for (let look = 1; look <= LOOKS; look += 1) {
    const clients = Array.from({ length: CONNECTIONS }, (_, index) =>
      client(attackers[index % attackers.length] ?? '', (ANSWERS * look) / LOOKS),
    );
    await Promise.all(clients);
    const { heap, rss } = await api.takes();
    held.push((await api.holds()) - before);
    say(
      `${asked} answers, ${seconds(performance.now() - startedAtMs)}: heap ${inMib(heap)}, RSS ${inMib(rss)}, held beyond before ${inMib(held.at(-1) ?? NaN)}, a question ${Math.round(percentile(tookMs, 0.5))} ms, p99 ${Math.round(percentile(tookMs, 0.99))} ms, errors ${errors}`,
    );
  }
  return { errors, held };
}

/** Looks at heap and RSS every two seconds while something happens; says every tenth look, and returns the most of each. */
async function watched<T>(
  api: MeasuredProcess,
  during: Promise<T>,
): Promise<{ result: T; mostRss: number; mostHeap: number }> {
  let [mostRss, mostHeap, looks, isOver] = [0, 0, 0, false];
  const startedAtMs = performance.now();
  const over = during.finally(() => (isOver = true));
  // Its failure is met below, also where a look fails first.
  over.catch(() => undefined);
  while (!isOver) {
    const { heap, rss } = await api.takes();
    [mostRss, mostHeap] = [Math.max(mostRss, rss), Math.max(mostHeap, heap)];
    if (looks % 10 === 0)
      say(`  ${seconds(performance.now() - startedAtMs)}: heap ${inMib(heap)}, RSS ${inMib(rss)}`);
    looks += 1;
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 2000))]);
  }
  return { result: await over, mostRss, mostHeap };
}

describe.skipIf(!needsPostgres() || !needsRedis())('an API process with a heap of 512 MB', () => {
  it.each(['a memory store', 'Redis and strict copies'] as const)(
    'lives through a flood of large answers over HTTP, within its bound and a half, and the usual load keeps its hits: %s',
    { timeout: 3_600_000 },
    async (store) => {
      say(store);
      const [postgres, redis] = await Promise.all([privatePostgres(), privateRedis()]);
      try {
        const common = {
          DATABASE_URL: await postgres.createDatabase(),
          CACHE_MAX_BYTES: `${MAX_BYTES}`,
          TRUSTED_PROXIES: '127.0.0.1',
        };
        const ofStore = (name: string): Record<string, string> =>
          store === 'a memory store'
            ? {}
            : { REDIS_URL: redis.url, REDIS_PREFIX: name, CACHE_STRICT_COPIES: 'on' };
        const flooded = await measuredProcess(HEAP_MIB, { ...common, ...ofStore('flooded') });
        const calm = await measuredProcess(HEAP_MIB, { ...common, ...ofStore('calm') });
        let isOver = false;
        // Code is compiled before anything is measured.
        await usualLoad([flooded.url, calm.url], {
          ...{ perSecond: 50, films: USUAL_FILMS, address: '198.51.100.1' },
          goesOn: (atMs) => atMs < 4000,
        });
        const usual = usualLoad([flooded.url, calm.url], {
          ...{ perSecond: 20, films: USUAL_FILMS, address: '198.51.100.1' },
          goesOn: () => !isOver,
        });
        const { result, mostRss, mostHeap } = await watched(flooded, flood(flooded))
          .catch((cause: unknown) => {
            const { child, printed } = flooded.program;
            const end = child.signalCode ?? child.exitCode ?? 'alive';
            throw new Error(`the flooded process answers no more (${end}):\n${printed().slice(-3000)}`, {
              cause,
            });
          })
          .finally(() => (isOver = true));
        const [beset, alone] = await usual;
        if (beset === undefined || alone === undefined) throw new Error('the usual load was not answered');
        say(`most: heap ${inMib(mostHeap)}, RSS ${inMib(mostRss)}`);
        say(`usual load in the flood ${JSON.stringify(beset)}, without it ${JSON.stringify(alone)}`);
        if (store !== 'a memory store') say(`Redis: ${await memoryOf(redis.url)}`);

        expect(flooded.program.child.exitCode).toBeNull();
        expect(await post(flooded, '{ movie(id: 1) { id } }')).toContain('"id":"1"');
        expect(result.errors).toBe(0);
        for (const held of result.held) expect(held).toBeLessThan(1.5 * MAX_BYTES + BESIDE);
        expect(beset.errors).toBe(0);
        expect(alone.hitRate).toBeGreaterThan(50);
        expect(beset.hitRate).toBeGreaterThan(alone.hitRate - 5);
      } finally {
        await Promise.all([postgres.stop(), redis.stop()]);
      }
    },
  );
});

async function memoryOf(url: string): Promise<string> {
  const redis = new Redis(url);
  const [memory, keys] = await Promise.all([redis.info('memory'), redis.dbsize()]);
  await redis.quit();
  return `${/used_memory_human:(\S+)/.exec(memory)?.[1] ?? '?'}, ${keys} keys`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function inMib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
