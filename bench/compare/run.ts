import { setMaxListeners } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { whenAndWhere } from '../published/machine-facts.js';
import { busyCores } from '../published/quiet.js';
import { compare, type Compared } from './compare.js';
import { contestantNames } from './contestants/names.js';
import { help, readOptions, type Options } from './options.js';
import { rowsOf } from './page/figures.js';
import { figuresOf, publish, replayFiguresOf, type Report } from './page/publish.js';
import { readRecording } from './recorded/read-recording.js';
import { recordedTraffic } from './recorded/recorded-traffic.js';

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(help);
    return;
  }
  const { contestants, rounds, isShort } = options;
  // First, as a wrong file needs no machine.
  const traffic =
    'file' in options.traffic
      ? recordedTraffic(await readRecording(options.traffic.file), options.traffic)
      : options.traffic;
  const { signal } = stopping;
  const busyBefore = await busyCores('before', signal);
  for (const reason of busyBefore) console.error(`THIS MACHINE IS BUSY: ${reason}`);
  const compared = await compare({
    ...{ contestants, rounds, traffic, signal },
    databaseUrl: process.env['DATABASE_URL'],
    redisUrl: process.env['REDIS_URL'],
    tell: (line) => console.error(line),
  });
  const busyAfter = await busyCores('after', signal);
  const { measured, backends, requests } = compared;
  await tell(options, compared, {
    rows: rowsOf(measured),
    facts: `${whenAndWhere()}, ${backends}; ${requests} requests in ${Math.ceil(traffic.seconds)} s, ${sentAs(options, compared)}, rounds: ${rounds}`,
    reservations: [...(isShort ? ['the run was a short one'] : []), ...busyBefore, ...busyAfter],
  });
}

/** How the traffic came about. */
function sentAs({ traffic }: Options, { rate }: Compared): string {
  return 'file' in traffic
    ? `recorded, ${traffic.speed} times as fast as they came`
    : `${rate}/s in the busiest hour, seed: ${traffic.seed}`;
}

async function tell({ json, traffic, contestants }: Options, { measured }: Compared, report: Report) {
  if (json !== undefined) await writeFile(json, JSON.stringify({ ...report, measured }));
  if ('file' in traffic) {
    console.log(`\n${replayFiguresOf(report)}`);
    return;
  }
  console.log(`\n${figuresOf(report)}`);
  if (contestants.length < contestantNames.length) {
    console.error('the page stays as it is: only a run of everything is published');
    return;
  }
  console.error(
    (await publish(report))
      ? 'docs/patterns-compared.md has these figures now'
      : 'docs/patterns-compared.md keeps those of a full run on a quiet machine',
  );
}

/** Aborted when the comparison is told to end: everything it started ends first. */
const stopping = new AbortController();
setMaxListeners(50, stopping.signal);
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());

main().catch((error: unknown) => {
  if (stopping.signal.aborted) console.error('stopped');
  else console.error(error instanceof Error ? error.message : error);
  process.exit(stopping.signal.aborted ? 130 : 1);
});
