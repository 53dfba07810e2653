import { titleOf, type ServerName } from '../servers/server-names.js';
import type { Result } from './slices.js';
import type { Workload, WorkloadName } from './workloads.js';

/** What must be reached, by the library in a plain Apollo Server and by this API with strict copies: the worse of req/s and CPU, as a ratio to constants. */
const TARGETS: readonly { server: ServerName; workload: WorkloadName; ratio: number }[] = [
  { server: 'library-local', workload: 'one', ratio: 0.95 },
  { server: 'library-redis', workload: 'one', ratio: 0.9 },
  { server: 'library-local', workload: 'list', ratio: 1 },
  { server: 'library-redis', workload: 'list', ratio: 1 },
  { server: 'api-strict', workload: 'list-zipf', ratio: 1.15 },
];
/** Counted by what Redis gave out: what requests share would make a dear read look cheap. */
const REDIS_PER_ENTRY_READ_US = 0.6;

/** The results as a Markdown table, a row for each server and workload. */
export function tableOf(results: readonly Result[], workloads: readonly Workload[]): string {
  const rows = workloads.flatMap(({ name, title }) =>
    results.filter(({ workload }) => workload === name).map((result) => rowOf(title, result)),
  );
  return [
    '| workload | server | req/s | CPU µs a request | ratio req/s | ratio CPU | the worse | Redis CPU µs an entry read | an entry asked for |',
    '|---|---|---:|---:|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n');
}

function rowOf(title: string, result: Result): string {
  const { server, requestsPerSecond, cpuPerRequestUs, speedRatio, cpuRatio } = result;
  const asksRedis = /-(redis|cluster)$/.test(server);
  const cells = [
    title,
    titleOf(server),
    Math.round(requestsPerSecond).toLocaleString('en-US'),
    cpuPerRequestUs.toFixed(0),
    speedRatio.toFixed(2),
    cpuRatio.toFixed(2),
    `**${Math.min(speedRatio, cpuRatio).toFixed(2)}**`,
    asksRedis ? (result.redisPerEntryReadUs?.toFixed(2) ?? '') : '',
    asksRedis ? result.redisPerEntryAskedUs.toFixed(2) : '',
  ];
  return `| ${cells.join(' | ')} |`;
}

/** A line for each target that was measured: reached or missed, and by how much. */
export function verdictsOf(results: readonly Result[]): readonly string[] {
  const ratios = TARGETS.flatMap(({ server, workload, ratio }) => {
    const result = results.find((other) => other.server === server && other.workload === workload);
    if (result === undefined) return [];
    const reached = Math.min(result.speedRatio, result.cpuRatio);
    const verdict = reached >= ratio ? 'reached' : 'MISSED';
    return [`${verdict}: ${titleOf(server)}, ${workload}: ${reached.toFixed(2)} (target ${ratio})`];
  });
  const redis = results.flatMap(({ server, workload, redisPerEntryReadUs: us }) => {
    if (us === undefined || !server.endsWith('redis')) return [];
    const verdict = us <= REDIS_PER_ENTRY_READ_US ? 'reached' : 'MISSED';
    const target = `target ${REDIS_PER_ENTRY_READ_US}`;
    return [`${verdict}: Redis CPU, ${server}, ${workload}: ${us.toFixed(2)} µs an entry read (${target})`];
  });
  return [...ratios, ...redis];
}
