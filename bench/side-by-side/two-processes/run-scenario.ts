import { closeAll, type Closer } from '../../../src/start/close-all.js';
import { startPair, type Pair } from './pair.js';
import type { Scenario } from './scenario.js';

/** What one contestant did in one round: a figure for each column. */
export interface Sample {
  readonly name: string;
  readonly round: number;
  /** None where one of its processes ended by itself. */
  readonly figures: readonly number[] | undefined;
}

export interface RunOptions {
  /** The first is dropped. */
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly contestants: readonly string[];
  readonly originUrl: string;
  readonly signal: AbortSignal;
}

/** All contestants are up at once and go through it in turn; another one begins each round. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<readonly Sample[]> {
  const { rounds, isQuick, originUrl, signal } = options;
  const names = scenario.contestants.filter((name) => options.contestants.includes(name));
  const settings = { ...scenario.settings, originUrl };
  const pairs = new Map<string, Pair>();
  const closers: Closer[] = [
    { what: 'the pairs', close: () => closeAll([...pairs].map(([what, { close }]) => ({ what, close }))) },
  ];
  const start = async (name: string): Promise<Pair> => {
    console.error(`${scenario.title}: starting two processes of ${name}`);
    const pair = await startPair(name, { settings, signal });
    pairs.set(name, pair);
    return pair;
  };
  const samples: Sample[] = [];
  try {
    for (const name of names) await start(name);
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < names.length; turn += 1) {
        signal.throwIfAborted();
        const name = names[(turn + round) % names.length] ?? '';
        const pair = pairs.get(name) ?? (await start(name));
        const figures = await scenario
          .measure({ pair, round, isQuick, originUrl, signal })
          .catch(async (error: unknown) => {
            signal.throwIfAborted();
            if (await isAlive(pair)) throw error;
            return undefined;
          });
        if (!(await isAlive(pair))) {
          pairs.delete(name);
          await pair.close();
        }
        console.error(`${scenario.title}, ${roundTitle(round, rounds)}: ${name}, ${told(scenario, figures)}`);
        samples.push({ name, round, figures });
      }
    }
    return samples.filter(({ round }) => round > 0);
  } finally {
    await closeAll(closers);
  }
}

async function isAlive(pair: Pair): Promise<boolean> {
  return pair.usage().then(
    () => true,
    () => false,
  );
}

function roundTitle(round: number, rounds: number): string {
  return `round ${round + 1} of ${rounds}${round === 0 ? ' (dropped)' : ''}`;
}

function told({ columns }: Scenario, figures: readonly number[] | undefined): string {
  if (figures === undefined) return 'a process ended by itself';
  return columns.map(({ title, digits }, at) => `${title} ${figures[at]?.toFixed(digits)}`).join(', ');
}
