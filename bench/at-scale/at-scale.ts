import path from 'node:path';
import { machineFacts } from '../published/machine-facts.js';
import { docsFolder, writePage } from '../published/page.js';
import { arithmetic, type Arithmetic, type MeasuredCosts } from './arithmetic.js';
import type { Inputs } from './inputs.js';
import { measuredCosts } from './measured-costs.js';

export interface AtScaleOptions {
  readonly inputs: Inputs;
  /** Whether docs/at-scale.md gets what is printed. */
  readonly isPublished: boolean;
}

/** Measures what one entry, one command and one message cost in a real server, and reckons what that comes to. */
export async function atScale({ inputs, isPublished }: AtScaleOptions): Promise<void> {
  const costs = await measuredCosts(inputs.bytes);
  const figures = figuresOf(inputs, costs, await machineFacts());
  console.log(figures);
  if (isPublished)
    await writePage({ file: path.join(docsFolder, 'at-scale.md'), command: 'bench -- at-scale' }, figures);
}

const LETTERS: Readonly<Record<keyof Inputs, readonly [letter: string, words: string]>> = {
  processes: ['P', 'processes'],
  nodes: ['N', 'primaries of the cluster'],
  entries: ['E', 'entries'],
  reads: ['R', 'reads of entries a second, of each process'],
  hits: ['H', 'share of hits'],
  writes: ['W', 'writes a second, of all processes together'],
  tags: ['T', 'tags of an entry, besides its own key'],
  waited: ['A', 'share of loads that another process waits for'],
  bytes: ['B', 'bytes of a value'],
};
const names: readonly (keyof Inputs)[] = [
  ...(['processes', 'nodes', 'entries', 'reads', 'hits', 'writes', 'tags', 'waited', 'bytes'] as const),
];

/** As tables. */
export function figuresOf(inputs: Inputs, costs: MeasuredCosts, facts: string): string {
  const given = names.map((name) => {
    const [letter, words] = LETTERS[name];
    return `| ${letter} | ${words} | \`--${name}\` | ${written(inputs[name])} |`;
  });
  return [
    `${facts}.`,
    ['| | what is put in | option | here |', '| --- | --- | --- | --- |', ...given].join('\n'),
    ['| measured on one server | |', '| --- | --- |', ...measuredRows(costs)].join('\n'),
    ...arithmetic(inputs, costs).map(tableOf),
  ].join('\n\n');
}

function measuredRows(costs: MeasuredCosts): readonly string[] {
  const us = (what: string, value: number): string => `| ${what} | ${value.toFixed(2)} µs of CPU |`;
  const bytes = (what: string, value: number): string => `| ${what} | ${Math.round(value)} bytes |`;
  return [
    us('MGET of an entry, its generation and the epoch', costs.mgetUs),
    us('a claim (`acquire`)', costs.acquireUs),
    us('a fill', costs.fillUs),
    us('an invalidation', costs.invalidateUs),
    us('a look (INFO replication)', costs.infoUs),
    us('a DEL of an epoch', costs.deleteUs),
    us('what one process writes down of its counters', costs.figuresUs),
    us('one wake-up to one subscriber', costs.deliveryUs),
    us('one entry of the log to one process', costs.logEntryUs),
    bytes('an entry, besides its value: `used_memory` by 50,000 of them', costs.entryBytes),
    bytes('a generation, likewise', costs.generationBytes),
    bytes('MEMORY USAGE of one entry with its value', costs.entryUsage),
    bytes('MEMORY USAGE of one generation', costs.generationUsage),
    bytes('an entry of the log', costs.logEntryBytes),
    bytes('a connection', costs.connectionBytes),
  ];
}

function tableOf({ title, lines }: Arithmetic): string {
  const rows = lines.map(({ what, formula, value, unit }) => {
    const shown = formula === '' ? '' : `\`${formula}\``;
    return `| ${what} | ${shown} | ${`${written(value)} ${unit}`.trim()} |`;
  });
  return [`| ${title} | formula | here |`, '| --- | --- | --- |', ...rows].join('\n');
}

/** Three digits that count. */
function written(value: number): string {
  if (value === 0 || value >= 100) return Math.round(value).toLocaleString('en-US');
  return `${Number(value.toPrecision(3))}`;
}
