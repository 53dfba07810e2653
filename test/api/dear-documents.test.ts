import { describe, expect, it } from 'vitest';
import { needsPostgres } from '../support/needs.js';
import { openLoop } from '../support/load/open-loop.js';
import { percentile } from '../support/load/percentile.js';
import { privatePostgres } from '../support/private-postgres.js';
import { post } from '../support/worlds/seeded-api.js';
import { type StartedApi, startedApi } from '../support/processes/started-api.js';

// It has a long form only: scans.test.ts shows each of the bounds in CI, without measuring times.

const SLOWER_BY_MS = 50;
/** Reads are measured before and during an attack in turns, so that trouble of the machine meets both. */
const ROUNDS = 3;
const ROUND_MS = 3000;
const READS_PER_SECOND = 20;

interface Attack {
  readonly name: string;
  readonly perSecond: number;
  readonly aliases: number;
  readonly clients: number;
  /** The field of the nth alias. */
  readonly field: (nth: number) => string;
}

/** The wildcards of LIKE make the most of each title, and the number makes each search an entry of its own. */
const search = (nth: number): string =>
  `searchMovies(text: "e${'%_'.repeat(40)}${nth}", first: 1) { totalCount }`;
const IDS = Array.from({ length: 100 }, (_, index) => index + 1);
/** The films differ from request to request, and their number where all of them were asked for already. */
const similar = (nth: number): string => {
  const from = (nth % 31) * 100;
  return `movies(ids: [${IDS.map((id) => from + id).join()}]) { similar(first: ${(Math.floor(nth / 31) % 8) + 1}) { id } }`;
};
const chart = (nth: number): string => `topCharts(genre: "Invented ${nth}", first: 1) { rank }`;

/** As they were found, and with as many fields as a request may have, so that as many searches are asked for. */
const attacks: readonly Attack[] = [
  { name: '30 searches a request', perSecond: 3, aliases: 30, clients: 1, field: search },
  { name: '9 searches a request, one client', perSecond: 10, aliases: 9, clients: 1, field: search },
  { name: '9 searches a request, 20 clients', perSecond: 10, aliases: 9, clients: 20, field: search },
  { name: 'films similar to 100 others', perSecond: 5, aliases: 1, clients: 1, field: similar },
  { name: '30 invented genres a request', perSecond: 3, aliases: 30, clients: 1, field: chart },
  { name: '9 invented genres a request, one client', perSecond: 10, aliases: 9, clients: 1, field: chart },
  { name: '9 invented genres a request, 20 clients', perSecond: 10, aliases: 9, clients: 20, field: chart },
];

describe.skipIf(!needsPostgres())('documents full of searches and reports, on a PostgreSQL server', () => {
  it(
    `slow down reads by id that are not cached by at most ${SLOWER_BY_MS} ms`,
    { timeout: 300_000 },
    async () => {
      const postgres = await privatePostgres();
      try {
        const api = await startedApi({
          DATABASE_URL: await postgres.createDatabase(),
          TRUSTED_PROXIES: '127.0.0.1',
        });
        const next = { film: 1, field: 0 };
        // Code is compiled before anything is measured.
        await coldReads(api, next);
        const slowedBy: [attack: string, ms: number][] = [];
        for (const attack of attacks) {
          const calm: number[] = [];
          const beset: number[] = [];
          const outcomes = new Map<string, number>();
          // The code for what is asked for is compiled as well.
          await attackFor(api, attack, { next, outcomes: new Map() });
          for (let round = 0; round < ROUNDS; round += 1) {
            calm.push(...(await coldReads(api, next)));
            const attacking = attackFor(api, attack, { next, outcomes });
            beset.push(...(await coldReads(api, next)));
            await attacking;
          }
          const figures = { calm: inBrief(calm), beset: inBrief(beset), ...Object.fromEntries(outcomes) };
          process.stdout.write(
            `${attack.name}, ${attack.perSecond} requests/s: ${JSON.stringify(figures)}\n`,
          );
          slowedBy.push([attack.name, percentile(beset, 0.9) - percentile(calm, 0.9)]);
        }
        expect(slowedBy.filter(([, ms]) => ms > SLOWER_BY_MS)).toEqual([]);
      } finally {
        await postgres.stop();
      }
    },
  );
});

/** Milliseconds of reads by id, each of a film that was not asked for before. */
async function coldReads(api: StartedApi, next: { film: number }): Promise<number[]> {
  const reads = await openLoop({
    perSecond: READS_PER_SECOND,
    goesOn: (atMs) => atMs < ROUND_MS,
    ask: () => {
      next.film += 1;
      return post(api, `{ movie(id: ${next.film}) { title } }`, {
        headers: { 'x-forwarded-for': '198.51.100.1' },
      });
    },
  });
  for (const { answer } of reads) expect(answer).toContain('"title":"');
  return reads.map(({ latencyMs }) => latencyMs);
}

/** Counts how many fields were answered, and how many were refused with which code; a refused request counts once. */
async function attackFor(
  api: StartedApi,
  { perSecond, aliases, clients, field }: Attack,
  { next, outcomes }: { next: { field: number }; outcomes: Map<string, number> },
): Promise<void> {
  const count = (what: string, times = 1): void => void outcomes.set(what, (outcomes.get(what) ?? 0) + times);
  let request = 0;
  await openLoop({
    perSecond,
    goesOn: (atMs) => atMs < ROUND_MS,
    ask: async () => {
      request += 1;
      const fields = Array.from({ length: aliases }, (_, index) => `a${index}: ${field((next.field += 1))}`);
      const headers = { 'x-forwarded-for': `203.0.113.${request % clients}` };
      const answer = await post(api, `{ ${fields.join(' ')} }`, { headers });
      for (const [, code = ''] of answer.matchAll(/"code":"(\w+)"/g)) count(code);
      const answered = answer.match(/"a\d+":[{[]/g)?.length ?? 0;
      if (answered > 0) count('answered', answered);
    },
  });
}

function inBrief(ms: readonly number[]): Record<string, number> {
  const rounded = (share: number): number => Math.round(10 * percentile(ms, share)) / 10;
  return { p50Ms: rounded(0.5), p90Ms: rounded(0.9), longestMs: rounded(1) };
}
