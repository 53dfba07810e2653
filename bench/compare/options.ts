import { parseArgs } from 'node:util';
import type { MadeOptions } from './compare.js';
import { contestantNames, type ContestantName } from './contestants/names.js';

const FULL = { rounds: 3, seconds: 30 };
const QUICK = { rounds: 1, seconds: 8 };
const [LEAST_SECONDS, MOST_SECONDS] = [2, 300];
const SEED = 42;

export const help = `Usage: npm run compare -- [options]

The same traffic over HTTP for each caching pattern, for no cache, for a naive cache as a control, and for the API as configured,
each in a process of its own over PostgreSQL and Redis. It starts both, or takes those that DATABASE_URL (its user may make
databases) and REDIS_URL name; without their programs it takes what is embedded, and says so. It prints a table and writes
docs/patterns-compared.md; a quick run, or one on a busy machine, replaces no figures of a full run on a quiet one.

  --quick         one round of ${QUICK.seconds} s for each, in under three minutes
  --rounds N      how often each has the traffic; ${FULL.rounds} if not said
  --seconds N     how long the traffic lasts, ${LEAST_SECONDS} to ${MOST_SECONDS}; ${FULL.seconds} if not said
  --rate N        requests of sessions in a second of the busiest hour; as many as this machine answers without a cache if not said
  --seed N        of the traffic; ${SEED} if not said
  --traffic FILE  sends what an API recorded with RECORD_TRAFFIC=FILE instead, at the times at which it came; prints, and writes no page
  --speed N       so many times faster, 1 to 1000; 1 if not said
  --only A,B      some of ${contestantNames.join(', ')}; prints, and writes no page
  --json FILE     writes every figure to a file as well
  --help          shows this
`;

export interface Options {
  readonly contestants: readonly ContestantName[];
  readonly rounds: number;
  readonly traffic: MadeOptions | RecordedFile;
  /** Of a seed, in fewer rounds or seconds than those that are published. */
  readonly isShort: boolean;
  /** Where every figure is written to. */
  readonly json: string | undefined;
}

export interface RecordedFile {
  readonly file: string;
  readonly speed: number;
}

/** What the command line asks for; undefined where it asks for help. @throws Error that names the option and the fix. */
export function readOptions(words: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      rate: { type: 'string' },
      seed: { type: 'string' },
      traffic: { type: 'string' },
      speed: { type: 'string' },
      only: { type: 'string', default: contestantNames.join(',') },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const form = values.quick ? QUICK : FULL;
  const rounds = wholeNumber('--rounds', values.rounds ?? String(form.rounds), 1, 100);
  const traffic =
    values.traffic === undefined
      ? made(values, form.seconds)
      : recorded({ ...values, traffic: values.traffic });
  return {
    ...{ rounds, traffic, json: values.json, contestants: chosen(values.only) },
    isShort: 'seconds' in traffic && (rounds < FULL.rounds || traffic.seconds < FULL.seconds),
  };
}

/** The options about a traffic, as they were given. */
type Given = Readonly<Partial<Record<'seconds' | 'rate' | 'seed' | 'speed', string | undefined>>>;

function made({ seconds, rate, seed, speed }: Given, usualSeconds: number): MadeOptions {
  if (speed !== undefined) throw new Error('--speed is about a recording; name it by --traffic');
  return {
    seconds: wholeNumber('--seconds', seconds ?? String(usualSeconds), LEAST_SECONDS, MOST_SECONDS),
    seed: wholeNumber('--seed', seed ?? String(SEED), 0, 2 ** 32 - 1),
    rate: rate === undefined ? undefined : wholeNumber('--rate', rate, 1, 5000),
  };
}

function recorded({ traffic, speed = '1', ...given }: Given & { readonly traffic: string }): RecordedFile {
  for (const name of ['seconds', 'rate', 'seed'] as const)
    if (given[name] !== undefined)
      throw new Error(`--${name} is about the traffic of a seed; leave it out, or leave out --traffic`);
  return { file: traffic, speed: wholeNumber('--speed', speed, 1, 1000) };
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
