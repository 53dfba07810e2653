import { setMaxListeners } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { whenAndWhere } from '../published/machine-facts.js';
import { busyCores } from '../published/quiet.js';
import { compare } from './compare.js';
import { contestantNames, type ContestantName } from './contestants/names.js';
import { rowsOf } from './page/figures.js';
import { figuresOf, publish } from './page/publish.js';

const FULL = { rounds: 3, seconds: 30 };
const QUICK = { rounds: 1, seconds: 8 };
const [LEAST_SECONDS, MOST_SECONDS] = [2, 300];
const SEED = 42;

const help = `Usage: npm run compare -- [options]

The same traffic over HTTP for each caching pattern, for no cache, for a naive cache as a control, and for the API as configured,
each in a process of its own over PostgreSQL and Redis. It starts both, or takes those that DATABASE_URL (its user may make
databases) and REDIS_URL name; without their programs it takes what is embedded, and says so. It prints a table and writes
docs/patterns-compared.md; a quick run, or one on a busy machine, replaces no figures of a full run on a quiet one.

  --quick        one round of ${QUICK.seconds} s for each, in under three minutes
  --rounds N     how often each has the traffic; ${FULL.rounds} if not said
  --seconds N    how long the traffic lasts, ${LEAST_SECONDS} to ${MOST_SECONDS}; ${FULL.seconds} if not said
  --rate N       requests of sessions in a second of the busiest hour; as many as this machine answers without a cache if not said
  --seed N       of the traffic; ${SEED} if not said
  --only A,B     some of ${contestantNames.join(', ')}; prints, and writes no page
  --json FILE    writes every figure to a file as well
  --help         shows this
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      seed: { type: 'string', default: String(SEED) },
      only: { type: 'string', default: contestantNames.join(',') },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const form = values.quick ? QUICK : FULL;
  const rounds = wholeNumber('--rounds', values.rounds ?? String(form.rounds), 1, 100);
  const seconds = wholeNumber(
    '--seconds',
    values.seconds ?? String(form.seconds),
    LEAST_SECONDS,
    MOST_SECONDS,
  );
  const contestants = chosen(values.only);
  const { signal } = stopping;
  const busyBefore = await busyCores('before', signal);
  for (const reason of busyBefore) console.error(`THIS MACHINE IS BUSY: ${reason}`);
  const { backends, requests, rate, measured } = await compare({
    ...{ contestants, rounds, seconds, signal },
    seed: wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    rate: values.rate === undefined ? undefined : wholeNumber('--rate', values.rate, 1, 5000),
    databaseUrl: process.env['DATABASE_URL'],
    redisUrl: process.env['REDIS_URL'],
    tell: (line) => console.error(line),
  });
  const busyAfter = await busyCores('after', signal);
  const isShort = rounds < FULL.rounds || seconds < FULL.seconds;
  const report = {
    rows: rowsOf(measured),
    facts: `${whenAndWhere()}, ${backends}; ${requests} requests in ${seconds} s, ${rate}/s in the busiest hour, rounds: ${rounds}, seed: ${values.seed}`,
    reservations: [...(isShort ? ['the run was a short one'] : []), ...busyBefore, ...busyAfter],
  };
  if (values.json !== undefined) await writeFile(values.json, JSON.stringify({ ...report, measured }));
  console.log(`\n${figuresOf(report)}`);
  if (contestants.length < contestantNames.length) {
    console.error('the page stays as it is: only a run of everything is published');
  } else {
    const isPublished = await publish(report);
    console.error(
      isPublished
        ? 'docs/patterns-compared.md has these figures now'
        : 'docs/patterns-compared.md keeps those of a full run on a quiet machine',
    );
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(
    `${option} must be a whole number from ${least} to ${most}, but is ${JSON.stringify(text)}`,
  );
}

function chosen(text: string): readonly ContestantName[] {
  const asked = text.split(',');
  const unknown = asked.filter((name) => !contestantNames.some((other) => other === name));
  if (unknown.length > 0)
    throw new Error(`--only: ${unknown.join(', ')} is not among ${contestantNames.join(', ')}`);
  return contestantNames.filter((name) => asked.includes(name));
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
