import { titleOf } from '../contestants/names.js';
import type { Figure, Row } from './figures.js';

const HEADS = [
  'pattern',
  'read p50',
  'p95',
  'p99',
  'write p50',
  'p95',
  'hit rate',
  'stale reads: rows / lists',
  'oldest stale',
  'SQL a request',
  'store commands a request',
  'entries',
  'bytes',
  'lost in a crash',
  'errors',
];

/** The table of patterns, in Markdown: medians over the rounds, and their range where there are several. */
export function patternTable(rows: readonly Row[]): string {
  return [
    `| ${HEADS.join(' | ')} |`,
    `|---|${'---:|'.repeat(HEADS.length - 1)}`,
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
  ].join('\n');
}

const UNKNOWN = '–';

function cellsOf(row: Row): readonly string[] {
  const { read, write, rounds, crash } = row;
  const ms = (figure: Figure): string => withRange(figure, rounds, (value) => value.toFixed(1));
  const plain = (figure: Figure | undefined, digits: number): string =>
    figure === undefined ? UNKNOWN : figure.median.toFixed(digits);
  const whole = (figure: Figure | undefined): string =>
    figure === undefined ? UNKNOWN : Math.round(figure.median).toLocaleString('en-US');
  return [
    titleOf(row.contestant),
    ...[read.p50, read.p95, read.p99, write.p50, write.p95].map(ms),
    row.hitRate === undefined ? UNKNOWN : `${row.hitRate.median.toFixed(1)} %`,
    `**${row.staleRows}** / **${row.staleLists}**`,
    row.oldestStaleMs === 0 ? UNKNOWN : `${(row.oldestStaleMs / 1000).toFixed(2)} s`,
    plain(row.statements, 2),
    plain(row.commands, 2),
    whole(row.entries),
    whole(row.bytes),
    crash === undefined ? 'not measured' : `${crash.lost} of ${crash.acknowledged.toLocaleString('en-US')}`,
    String(row.errors),
  ];
}

function withRange(
  { median, least, most }: Figure,
  rounds: number,
  shown: (value: number) => string,
): string {
  return rounds === 1 ? shown(median) : `${shown(median)} (${shown(least)} to ${shown(most)})`;
}

/** What the comparison is to show, each with whether it did. */
export function targetLines(rows: readonly Row[]): readonly string[] {
  const find = (name: Row['contestant']): Row | undefined =>
    rows.find(({ contestant }) => contestant === name);
  const [none, configured] = [find('none'), find('configured')];
  const cut = (share: 'p50' | 'p95'): readonly string[] => {
    if (none === undefined || configured === undefined) return [];
    const [before, now] = [none.read[share].median, configured.read[share].median];
    const percent = 100 * (1 - now / before);
    const told = `as configured, the ${share} of reads is ${now.toFixed(1)} ms instead of ${before.toFixed(1)} ms without a cache: ${Math.abs(percent).toFixed(1)} % ${percent < 0 ? 'more' : 'less'}; the target is 90 %`;
    return [verdict(told, percent >= 90)];
  };
  const patterns = rows.filter(({ contestant }) => contestant !== 'naive');
  const stale = patterns.reduce((sum, { staleRows, staleLists }) => sum + staleRows + staleLists, 0);
  const naive = find('naive');
  const ofNaive = (naive?.staleRows ?? 0) + (naive?.staleLists ?? 0);
  return [
    ...cut('p50'),
    ...cut('p95'),
    verdict(`all but the naive control: ${stale} stale reads; the target is 0`, stale === 0),
    ...(naive === undefined
      ? []
      : [verdict(`the naive control: ${ofNaive} stale reads; it must show some`, ofNaive > 0)]),
  ];
}

function verdict(told: string, isReached: boolean): string {
  return `${told}: ${isReached ? 'reached' : '**MISSED**'}`;
}
