import { parseArgs } from 'node:util';
import { atScale } from './at-scale/at-scale.js';
import { inputsFrom } from './at-scale/inputs.js';
import { collecting } from './collecting/collecting.js';
import { distinct } from './distinct/distinct.js';
import { eviction } from './eviction/eviction.js';
import { latency } from './latency/latency.js';
import { overhead } from './overhead/overhead.js';
import { profile } from './profile/profile.js';
import { axisNames, type AxisName } from './scale/axes.js';
import { scale } from './scale/scale.js';
import { serverNames, type ServerName } from './servers/server-names.js';
import { modes, type Mode } from './writers/modes.js';
import { writers } from './writers/writers.js';
import { workloadNames, type WorkloadName } from './overhead/workloads.js';
import { vary } from './vary/vary.js';

const profiledServers: readonly ServerName[] = [
  'constants',
  'library-redis',
  'library-strict',
  'library-plans',
  'library-memo',
  'library-memo-front',
];

const waitedFor: readonly ServerName[] = [
  'constants',
  'no-cache',
  'library-redis',
  'library-strict',
  'library-memo-front',
];

const flooded: readonly ServerName[] = [
  'constants',
  'library-redis',
  'library-strict',
  'library-plans',
  'library-memo-front',
  'library-memo-node',
];

/** The most that PostgreSQL takes as its `commit_delay`. */
const MOST_COMMIT_MS = 100;

const help = `Usage: npm run bench -- overhead [options]
       npm run bench -- profile [options]
       npm run bench -- eviction
       npm run bench -- collecting [options]
       npm run bench -- latency [options]
       npm run bench -- distinct [options]
       npm run bench -- vary [options]
       npm run bench -- writers [options]
       npm run bench -- scale [options]
       npm run bench -- at-scale [options]

overhead: what caching costs on the hit path, as ratios to Apollo Server with constants in memory.
profile: where the CPU of an answer goes, by layer, with a profile of each server and workload.
eviction: hit rates of what decides which entries leave a full cache.
collecting: what it costs a hit that times are taken for metrics and the report.
latency: what one or four clients wait for an answer, with Redis on the machine and behind a network of a millisecond each way.
distinct: what operations that never come again leave behind: memory, the processor of an idle process, and the hits of those that do.
vary: what it costs a hit that its field varies by tenant and locale.
writers: what writers of watched tables pay, and when their changes are seen.
scale: how cost grows with entries, tags, members of a tag, viewers, processes, bytes and parents. See bench/README.md.
at-scale: what 1,000 processes, 100 nodes and 10^9 entries come to, or your own numbers, from what one server is measured to take.

Options of overhead
  --rounds N       rounds, of which the first is dropped (default 6)
  --seconds N      length of a slice (default 1)
  --servers A,B    some of ${serverNames.join(', ')};
                   constants, the reference, is always among them
  --workloads A,B  some of ${workloadNames.join(', ')}
  --json FILE      writes every slice to a file as well

Options of profile
  --servers A,B    as for overhead (default ${profiledServers.join(', ')})
  --workloads A,B  as for overhead
  --seconds N      length of a slice; there are three for each server and workload (default 2)
  --functions N    names that many functions, those with most time of their own (default 0)

Options of latency
  --rounds N       rounds that count (default 3)
  --seconds N      length of a slice (default 2)
  --servers A,B    as for overhead (default ${waitedFor.join(', ')})
  --workloads A,B  as for overhead (default one-zipf, list)

Options of distinct
  --operations N   how many each server is sent (default 1000000)
  --servers A,B    as for overhead (default ${flooded.join(', ')})

Options of vary and collecting
  --processes N    processes for each row (default 3)
  --turns N        turns of each side in a process (default 200)
  --workloads A,B  as above; vary only

Options of writers
  --quick          the loads that matter most, with one process each, in about a minute
  --rounds N       rounds (default 3; 1 where it is quick)
  --seconds N      length of a slice (default 3)
  --modes A,B      some of ${modes.join(', ')}; none, the reference, is always among them
  --commit-ms N    how much longer a write to the disk takes that commits share, as a slower disk has it, up to ${MOST_COMMIT_MS} (default 0)
  --json FILE      writes every slice to a file as well

Options of scale
  --quick          fewer sizes and rounds, in about ten minutes; docs/scale.md stays as it is
  --axes A,B       some of ${axisNames.join(', ')}
  --rounds N       rounds that count (default 30; 10 where it is quick)
  --json FILE      writes every turn to a file as well
It ends with 1 where the figures of a full run were not published, because the machine was not quiet.

Options of at-scale: numbers to put into the formulas
  --processes N, --nodes N, --entries N, --reads N, --hits N, --writes N, --tags N, --waited N, --bytes N
  --publish        writes the tables into docs/at-scale.md as well

  --help           shows this
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      processes: { type: 'string' },
      turns: { type: 'string', default: '200' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      modes: { type: 'string', default: modes.join(',') },
      'commit-ms': { type: 'string', default: '0' },
      servers: { type: 'string' },
      operations: { type: 'string', default: '1000000' },
      axes: { type: 'string', default: axisNames.join(',') },
      workloads: { type: 'string' },
      json: { type: 'string' },
      functions: { type: 'string', default: '0' },
      nodes: { type: 'string' },
      entries: { type: 'string' },
      reads: { type: 'string' },
      hits: { type: 'string' },
      writes: { type: 'string' },
      tags: { type: 'string' },
      waited: { type: 'string' },
      bytes: { type: 'string' },
      publish: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (positionals[0] === 'eviction' && !values.help) {
    eviction();
    return;
  }
  const inOneProcess = (): { processes: number; turns: number; signal: AbortSignal } => ({
    processes: wholeNumber('processes', values.processes ?? '3', 1),
    turns: wholeNumber('turns', values.turns, 10),
    signal: stopping.signal,
  });
  if (positionals[0] === 'collecting' && !values.help) {
    await collecting(inOneProcess());
    return;
  }
  const chosen = (byDefault: readonly WorkloadName[] = workloadNames): WorkloadName[] =>
    some<WorkloadName>('workloads', values.workloads ?? byDefault.join(','), workloadNames);
  if (positionals[0] === 'latency' && !values.help) {
    await latency({
      rounds: wholeNumber('rounds', values.rounds ?? '3', 1),
      seconds: wholeNumber('seconds', values.seconds ?? '2', 1),
      servers: some<ServerName>('servers', values.servers ?? waitedFor.join(','), serverNames),
      workloads: chosen(['one-zipf', 'list']),
      signal: stopping.signal,
    });
    return;
  }
  if (positionals[0] === 'distinct' && !values.help) {
    await distinct({
      operations: wholeNumber('operations', values.operations, 1000),
      servers: some<ServerName>('servers', values.servers ?? flooded.join(','), serverNames),
      signal: stopping.signal,
    });
    return;
  }
  if (positionals[0] === 'vary' && !values.help) {
    const workloads = chosen();
    await vary({ ...inOneProcess(), workloads });
    return;
  }
  if (positionals[0] === 'writers' && !values.help) {
    await writers({
      rounds: wholeNumber('rounds', values.rounds ?? (values.quick ? '1' : '3'), 1),
      seconds: wholeNumber('seconds', values.seconds ?? '3', 1),
      modes: some<Mode>('modes', `none,${values.modes}`, modes),
      commitMs: wholeNumber('commit-ms', values['commit-ms'], 0, MOST_COMMIT_MS),
      isQuick: values.quick,
      json: values.json,
      signal: stopping.signal,
    });
    return;
  }
  if (positionals[0] === 'scale' && !values.help) {
    const isPublished = await scale({
      isQuick: values.quick,
      axes: some<AxisName>('axes', values.axes, axisNames),
      rounds: wholeNumber('rounds', values.rounds ?? (values.quick ? '10' : '30'), 2),
      json: values.json,
      signal: stopping.signal,
    });
    if (!isPublished) process.exitCode = 1;
    return;
  }
  if (positionals[0] === 'at-scale' && !values.help) {
    await atScale({ inputs: inputsFrom(values), isPublished: values.publish });
    return;
  }
  const workloads = chosen();
  if (positionals[0] === 'profile' && !values.help) {
    await profile({
      servers: some<ServerName>('servers', values.servers ?? profiledServers.join(','), serverNames),
      workloads,
      seconds: wholeNumber('seconds', values.seconds ?? '2', 1),
      functions: wholeNumber('functions', values.functions, 0),
      signal: stopping.signal,
    });
    return;
  }
  if (values.help || positionals[0] !== 'overhead') {
    console.log(help);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const servers = some<ServerName>(
    'servers',
    `constants,${values.servers ?? serverNames.join(',')}`,
    serverNames,
  );
  await overhead({
    rounds: wholeNumber('rounds', values.rounds ?? '6', 2),
    seconds: wholeNumber('seconds', values.seconds ?? '1', 1),
    servers,
    workloads,
    json: values.json,
    signal: stopping.signal,
  });
}

function wholeNumber(name: string, text: string, least: number, most = Infinity): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const range = most === Infinity ? `from ${least} on` : `from ${least} to ${most}`;
  throw new Error(`--${name} must be a whole number ${range}, but is ${JSON.stringify(text)}`);
}

function some<Name extends string>(option: string, text: string, names: readonly Name[]): Name[] {
  const given = text.split(',');
  const known = names.filter((name) => given.includes(name));
  const unknown = given.filter((name) => !names.some((other) => other === name));
  if (unknown.length === 0) return known;
  throw new Error(`--${option}: ${unknown.join(', ')} is not among ${names.join(', ')}`);
}

/** Aborted when the bench is told to end: everything it started ends first. */
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());

main().catch((error: unknown) => {
  // What breaks off then was asked for, and is no news.
  if (stopping.signal.aborted) console.error('stopped');
  else console.error(error instanceof Error ? error.message : error);
  process.exit(stopping.signal.aborted ? 130 : 1);
});
