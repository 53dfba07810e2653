import { SLOTS } from '../../src/cache/redis/cluster/slots.js';
import type { Inputs } from './inputs.js';

/** What was measured on a real server. Times are of its CPU, microseconds. */
export interface MeasuredCosts {
  readonly mgetUs: number;
  readonly acquireUs: number;
  readonly fillUs: number;
  readonly invalidateUs: number;
  readonly infoUs: number;
  readonly deleteUs: number;
  /** Of all that one process writes down of its counters at a time. */
  readonly figuresUs: number;
  /** Of one message to one subscriber. */
  readonly deliveryUs: number;
  /** Of one entry of the log that one process is given. */
  readonly logEntryUs: number;
  /** Besides the bytes of its value: the entry, and the generations that only it has. */
  readonly entryBytes: number;
  readonly generationBytes: number;
  /** What MEMORY USAGE says of an entry with its value, and of a generation. */
  readonly entryUsage: number;
  readonly generationUsage: number;
  readonly logEntryBytes: number;
  readonly connectionBytes: number;
}

/** One line of the page: what it is, how it is reckoned, what it comes to, and what limits it. */
export interface Line {
  readonly what: string;
  readonly formula: string;
  readonly value: number;
  readonly unit: string;
}

export interface Arithmetic {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** Looks at the nodes a second; nodes that are asked in each who owns the slots. */
const LOOKS = 4;
const ASKED_OWNERS = 2;
/** How often in a second a process writes down what it counted, and with how many commands. */
const FIGURES = 1 / 2;
const FIGURES_COMMANDS = 5;
/** About how many entries the log of invalidations has. */
const LOG = 10_000;
/** Server-side looks of the statement that waits for rows, a second: of the process that leads, and of each other. */
const LEADER_STEPS = 20;
const FOLLOWER_STEPS = 4;
/** A row waits for about so long until a relay has applied it, seconds. */
const ROW_WAITS_S = 0.25;
/** A relay that is told of rows looks by itself each three seconds, and says each minute that it is there. */
const QUIET_LOOKS = 1 / 3;
const KEEPS = 1 / 60;
/** Of the log of the database: each process that does not read it tries to succeed. */
const SUCCESSIONS = 1 / 1.7;
/** Connections of a process to the database: the pool, and the one that waits for rows. */
const POOL = 10;
/** As many as a large PostgreSQL is mostly given, and what Redis takes by default. */
const DATABASE_CONNECTIONS = 500;
const MOST_CLIENTS = 10_000;
const GIB = 2 ** 30;

/** What the cluster, its memory, one server with strict copies, and PostgreSQL have to do. */
export function arithmetic(inputs: Inputs, costs: MeasuredCosts): readonly Arithmetic[] {
  const { processes: P, nodes: N, entries: E, reads: R, hits, writes: W, tags: T, waited, bytes } = inputs;
  const reads = P * R;
  const misses = reads * (1 - hits);
  const mgets = (reads * (1 + T)) / N;
  const claims = (misses * (2 + 2 * T)) / N;
  const fills = misses / N;
  const invalidations = W / N;
  const looks = LOOKS * P;
  const deliveries = (misses * waited * P) / N;
  const busyUs =
    mgets * costs.mgetUs +
    claims * costs.acquireUs +
    fills * costs.fillUs +
    invalidations * costs.invalidateUs +
    looks * costs.infoUs +
    deliveries * costs.deliveryUs;
  const percent = (us: number): number => us / 10_000;
  const deletions = (P * SLOTS) / N;
  const each = bytes + costs.entryBytes + costs.generationBytes;
  const line = (what: string, formula: string, value: number, unit: string): Line => ({
    what,
    formula,
    value,
    unit,
  });
  return [
    {
      title: 'Each node of the cluster',
      lines: [
        line('MGET of reads', 'P × R × (1 + T) / N', mgets, 'a second'),
        line('claims of misses', 'P × R × (1 − H) × (2 + 2T) / N', claims, 'a second'),
        line('fills', 'P × R × (1 − H) / N', fills, 'a second'),
        line('invalidations', 'W / N', invalidations, 'a second'),
        line('looks of the processes', '4 × P', looks, 'a second'),
        line('CLUSTER SLOTS and INFO', '4 × 2 × 2 × P / N', (LOOKS * ASKED_OWNERS * 2 * P) / N, 'a second'),
        line('wake-ups published', 'P × R × (1 − H) × A / N', (misses * waited) / N, 'a second'),
        line('wake-ups delivered', 'published × P', deliveries, 'a second'),
        line(
          'messages of other nodes about wake-ups',
          'published × (N − 1)',
          ((misses * waited) / N) * (N - 1),
          'a second',
        ),
        line('one core is busy', 'sum of count × cost', percent(busyUs), '%'),
        line('of it with looks', '4 × P × cost', percent(looks * costs.infoUs), '%'),
        line('of it with wake-ups', 'delivered × cost', percent(deliveries * costs.deliveryUs), '%'),
        line('connections', '2 × P', 2 * P, ''),
        line('memory of connections', '2 × P × bytes of one', (2 * P * costs.connectionBytes) / GIB, 'GiB'),
      ],
    },
    {
      title: 'The node with the shared figures, besides',
      lines: [
        line(
          'commands that write down what was counted',
          '2.5 × P',
          FIGURES * FIGURES_COMMANDS * P,
          'a second',
        ),
        line('one core is busy with them', 'P / 2 × cost', percent(FIGURES * P * costs.figuresUs), '%'),
      ],
    },
    {
      title: 'After a node was lost, on the one that takes over',
      lines: [
        line('epochs that are ended', 'P × 16,384 / N', deletions, ''),
        line('the same with three nodes', 'P × 16,384 / 3', (P * SLOTS) / 3, ''),
        line('one core is busy for', 'epochs × cost of DEL', (deletions * costs.deleteUs) / 1e6, 's'),
        line('the same with three nodes', '', (P * SLOTS * costs.deleteUs) / 3e6, 's'),
      ],
    },
    {
      title: 'Each process',
      lines: [
        line('connections', '2 × N', 2 * N, ''),
        line('looks it sends', '4 × N', LOOKS * N, 'a second'),
        line('wake-ups it receives', 'P × R × (1 − H) × A', misses * waited, 'a second'),
      ],
    },
    {
      title: 'Memory',
      lines: [
        line('an entry with its generation', 'value + measured', each, 'bytes'),
        line('all entries', 'E × that', (E * each) / GIB, 'GiB'),
        line('of each node', '… / N', (E * each) / N / GIB, 'GiB'),
        line(
          'generations of tags, at most',
          'E × T × measured',
          (E * T * costs.generationBytes) / GIB,
          'GiB',
        ),
      ],
    },
    {
      title: 'One server with strict copies',
      lines: [
        line('the log holds', '10,000 / W', LOG / W, 's'),
        line('bytes of the log', '10,000 × measured', LOG * costs.logEntryBytes, 'bytes'),
        line('entries of the log that it hands out', 'P × W', P * W, 'a second'),
        line('one core is busy with them', 'P × W × cost', percent(P * W * costs.logEntryUs), '%'),
      ],
    },
    {
      title: 'PostgreSQL, by triggers',
      lines: [
        line('connections', 'P × (10 + 1)', P * (POOL + 1), ''),
        line('rows of the outbox a second', 'W', W, 'a second'),
        line('rows that wait', 'W × 0.25 s', W * ROW_WAITS_S, ''),
        line(
          'looks inside the statements that wait',
          '20 + 4 × (P − 1)',
          LEADER_STEPS + FOLLOWER_STEPS * (P - 1),
          'a second',
        ),
        line(
          'statements of relays while nothing is written',
          'P / 3 + P / 60',
          P * (QUIET_LOOKS + KEEPS),
          'a second',
        ),
        line('NOTIFY', 'none', 0, 'a second'),
      ],
    },
    {
      title: 'PostgreSQL, by its log',
      lines: [
        line('connections', 'P × 10 + 1', P * POOL + 1, ''),
        line('processes that read the log', '1', 1, ''),
        line('attempts of the others to succeed', 'P / 1.7', P * SUCCESSIONS, 'a second'),
      ],
    },
    {
      title: 'The most processes, until this is used up',
      lines: [
        line(
          `${DATABASE_CONNECTIONS} connections of PostgreSQL`,
          `${DATABASE_CONNECTIONS} / 11`,
          DATABASE_CONNECTIONS / (POOL + 1),
          '',
        ),
        line(
          'one core of the single server, by strict copies',
          '10⁶ / (W × cost)',
          1e6 / (W * costs.logEntryUs),
          '',
        ),
        line(
          'one core of each node, by wake-ups',
          '√(10⁶ × N / (R × (1 − H) × A × cost))',
          Math.sqrt((1e6 * N) / (R * (1 - hits) * waited * costs.deliveryUs)),
          '',
        ),
        line(
          'the same with three nodes',
          '',
          Math.sqrt(3e6 / (R * (1 - hits) * waited * costs.deliveryUs)),
          '',
        ),
        line(
          `${MOST_CLIENTS.toLocaleString('en-US')} connections of a node`,
          'maxclients / 2',
          MOST_CLIENTS / 2,
          '',
        ),
        line(
          'one core of the node with the figures',
          '10⁶ × 2 / cost',
          1e6 / (FIGURES * costs.figuresUs),
          '',
        ),
        line('one core of each node, by looks', '10⁶ / (4 × cost)', 1e6 / (LOOKS * costs.infoUs), ''),
      ],
    },
  ];
}
