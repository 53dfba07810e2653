import { median } from '../../overhead/slices.js';
import type { Sample } from './run-scenario.js';
import type { Column, Scenario } from './scenario.js';

/** What one contestant did in all rounds, by the titles of the columns. */
export interface Result {
  readonly name: string;
  readonly figures: ReadonlyMap<string, number>;
  /** In how many rounds one of its processes ended by itself. */
  readonly deaths: number;
}

/** The columns of the table: the ratio, where there is one, stands in front. */
export function columnsOf({ columns, ratio }: Scenario): readonly Column[] {
  return ratio === undefined
    ? columns
    : [{ title: ratioTitle(ratio.to), over: 'median', digits: 2 }, ...columns];
}

/** The best first. */
export function resultsOf(scenario: Scenario, samples: readonly Sample[]): readonly Result[] {
  const names = [...new Set(samples.map(({ name }) => name))];
  const [first] = columnsOf(scenario);
  const sign = scenario.ratio === undefined ? 1 : -1;
  const place = ({ figures }: Result): number => sign * (figures.get(first?.title ?? '') ?? NaN);
  return names
    .map((name) => resultOf(scenario, samples, name))
    .sort((a, b) => (Number.isNaN(place(a)) ? 1 : Number.isNaN(place(b)) ? -1 : place(a) - place(b)));
}

function resultOf(scenario: Scenario, samples: readonly Sample[], name: string): Result {
  const own = samples.filter((sample) => sample.name === name);
  const rounds = own.flatMap(({ figures }) => (figures === undefined ? [] : [figures]));
  const figures = new Map<string, number>();
  if (scenario.ratio !== undefined) {
    figures.set(ratioTitle(scenario.ratio.to), median(ratiosOf(scenario.ratio, samples, own)));
  }
  for (const [at, { title, over }] of scenario.columns.entries()) {
    const values = rounds.map((round) => round[at] ?? NaN);
    figures.set(title, over === 'median' ? median(values) : values.reduce((sum, value) => sum + value, 0));
  }
  return { name, figures, deaths: own.length - rounds.length };
}

function ratiosOf(
  { to, more, less }: NonNullable<Scenario['ratio']>,
  samples: readonly Sample[],
  own: readonly Sample[],
): readonly number[] {
  return own.flatMap(({ round, figures }) => {
    const reference = samples.find((sample) => sample.name === to && sample.round === round)?.figures;
    if (reference === undefined || figures === undefined) return [];
    const [faster, cheaper] = [
      (figures[more] ?? NaN) / (reference[more] ?? NaN),
      (reference[less] ?? NaN) / (figures[less] ?? NaN),
    ];
    return [Math.min(faster, cheaper)];
  });
}

function ratioTitle(to: string): string {
  return `ratio to ${to}`;
}
