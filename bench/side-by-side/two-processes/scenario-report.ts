import { isPeer, sharedLibraries, sharedTitle } from '../contestants.js';
import type { Standing } from '../standing.js';
import { columnsOf, resultsOf, type Result } from './results.js';
import type { Sample } from './run-scenario.js';
import type { Column, Scenario, Target } from './scenario.js';

/** What was done, the table, and what became of the targets, in Markdown. */
export function scenarioReport(scenario: Scenario, samples: readonly Sample[]): string {
  const results = resultsOf(scenario, samples);
  const columns = columnsOf(scenario);
  const rows = results.map(({ name, figures }) => [
    sharedTitle(name),
    ...columns.map((column) => cell(column, figures)),
  ]);
  const lines = [['', ...columns.map(({ title }) => title)], ['---', ...columns.map(() => '---:')], ...rows];
  const deaths = results
    .filter((result) => result.deaths > 0)
    .map(
      ({ name, deaths }) =>
        `- A process of ${sharedTitle(name)} ended by itself in ${deaths} of ${roundsIn(samples)} rounds.`,
    );
  return [
    `### ${scenario.title}`,
    scenario.what,
    lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    [...verdictsOf(scenario, results), ...deaths].join('\n'),
  ].join('\n\n');
}

/** How the contestants stand by the first column. */
export function standingsOf(scenario: Scenario, samples: readonly Sample[]): readonly Standing[] {
  const [first] = columnsOf(scenario);
  if (first === undefined) return [];
  return resultsOf(scenario, samples).map(({ name, figures }) => ({
    name,
    title: sharedTitle(name),
    what: `${scenario.title}, ${first.title}`,
    figure: figures.get(first.title) ?? NaN,
    digits: first.digits,
    isBetterMore: scenario.ratio !== undefined,
    note: noteOf(figures),
  }));
}

/** What must be known beside a figure that is better. */
function noteOf(figures: ReadonlyMap<string, number>): string {
  const notes = ['stale answers', 'errors', 'loads', 'loads an expiry'].flatMap((title) => {
    const figure = figures.get(title) ?? 0;
    return figure > (title.startsWith('loads') ? 1 : 0) ? [`${Number(figure.toFixed(1))} ${title}`] : [];
  });
  return notes.length === 0 ? '' : `, with ${notes.join(' and ')}`;
}

function cell({ title, digits }: Column, figures: ReadonlyMap<string, number>): string {
  const figure = figures.get(title) ?? NaN;
  if (Number.isNaN(figure)) return '';
  return figure.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function verdictsOf(scenario: Scenario, results: readonly Result[]): readonly string[] {
  const own = results.filter(({ name }) => sharedLibraries.includes(name));
  if (own.length === 0) return [];
  const verdicts = scenario.targets.map((target) => verdict(target, own, results));
  if (scenario.ratio === undefined || !results.some(({ name }) => isPeer(name))) return verdicts;
  const isFirst = own.some(({ name }) => name === results[0]?.name);
  return [`- first in this run: ${isFirst ? 'reached' : 'MISSED'}`, ...verdicts];
}

function verdict({ column, atMost, above }: Target, own: readonly Result[], all: readonly Result[]): string {
  const reference = all.find(({ name }) => name === above)?.figures.get(column) ?? 0;
  // A figure that is no number reaches nothing.
  const missed = own.filter(({ figures }) => !((figures.get(column) ?? NaN) <= reference + atMost));
  const bound = above === undefined ? `${atMost}` : `${atMost} above ${sharedTitle(above)}`;
  if (missed.length === 0) return `- ${column}, at most ${bound}: reached`;
  return `- ${column}, at most ${bound}: MISSED by ${missed.map(({ name }) => sharedTitle(name)).join('; ')}`;
}

function roundsIn(samples: readonly Sample[]): number {
  return new Set(samples.map(({ round }) => round)).size;
}
