import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { docsFolder, writePage } from '../../published/page.js';
import { contestants } from '../contestants/names.js';
import type { Row } from './figures.js';
import { plotsOf } from './plots.js';
import { patternTable, targetLines } from './table.js';

/** Where the figures are published. */
const pageFile = path.join(docsFolder, 'patterns-compared.md');
const COMMAND = 'compare';

export interface Report {
  readonly rows: readonly Row[];
  /** When, where, with which versions and how often. */
  readonly facts: string;
  /** Why the figures are not those of a full run on a quiet machine; empty where they are. */
  readonly reservations: readonly string[];
}

/** What the page shows, in Markdown. */
export function figuresOf({ rows, facts, reservations }: Report): string {
  return [
    reservations.length === 0 ? QUIET : `**Only a glimpse**: ${reservations.join('; ')}.`,
    `${facts}.`,
    targetLines(rows)
      .map((line) => `- ${line}`)
      .join('\n'),
    patternTable(rows),
    contestantLines(rows),
    plotsOf(rows)
      .map(({ file, title }) => `![${title}](plots/${file})`)
      .join('\n\n'),
  ].join('\n\n');
}

/** What is printed of a traffic that was recorded: no page has it, and nothing is asked of it. */
export function replayFiguresOf({ rows, facts, reservations }: Report): string {
  return [
    ...(reservations.length === 0 ? [] : [`**Only a glimpse**: ${reservations.join('; ')}.`]),
    `${facts}.`,
    patternTable(rows),
    contestantLines(rows),
  ].join('\n\n');
}

/** What each of them does. */
function contestantLines(rows: readonly Row[]): string {
  return rows
    .flatMap((row) => contestants.find(({ name }) => name === row.contestant) ?? [])
    .map(({ title, what }) => `- _${title}_: ${what}.`)
    .join('\n');
}

const QUIET = 'A full run on a quiet machine.';

/** Whether these figures may stand where the page has others: a glimpse never replaces a full run on a quiet machine. */
export function mayReplace(page: string, { reservations }: Pick<Report, 'reservations'>): boolean {
  return reservations.length === 0 || !page.includes(QUIET);
}

/** Writes the page and its pictures. Resolves with whether it did. */
export async function publish(report: Report, file = pageFile): Promise<boolean> {
  if (!mayReplace(await readFile(file, 'utf8'), report)) return false;
  const folder = path.join(path.dirname(file), 'plots');
  await mkdir(folder, { recursive: true });
  for (const { file: name, svg } of plotsOf(report.rows)) await writeFile(path.join(folder, name), svg);
  await writePage({ file, command: COMMAND }, figuresOf(report));
  return true;
}
