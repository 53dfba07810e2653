import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { machineFacts } from '../published/machine-facts.js';
import { docsFolder, writePage } from '../published/page.js';
import { busyCores, unsteady } from '../published/quiet.js';
import { axes, axisNames, type AxisName, type StoreName } from './axes.js';
import { axisPlots } from './axis-plots.js';
import { axisReport, verdictsReport } from './axis-report.js';
import type { MeasuredAxis, MeasuredAtSize } from './measured-axis.js';
import type { Turn } from './measured-turns.js';
import { startSize, type MeasuredSize } from './measured-size.js';

export interface ScaleOptions {
  /** Fewer sizes and rounds; nothing is published. */
  readonly isQuick: boolean;
  readonly axes: readonly AxisName[];
  /** Rounds that count. */
  readonly rounds: number;
  /** Where every figure is written to. */
  readonly json: string | undefined;
  readonly signal: AbortSignal;
}

/** Until what is called often is compiled. */
const WARM_MS = { quick: 3000, full: 8000 };
/** Rounds until what turns do in between is compiled as well: the first take three times as long as later ones. */
const DROPPED = { quick: 2, full: 15 };
const page = { file: path.join(docsFolder, 'scale.md'), command: 'bench -- scale' };
const picturesFolder = path.join(docsFolder, 'scale');

/**
 * Measures how cost grows and prints it. It is published only where all was measured, in full and on a quiet machine. Resolves
 * with whether it was, or need not have been. What it started is gone afterwards.
 */
export async function scale(options: ScaleOptions): Promise<boolean> {
  const { isQuick, rounds, signal } = options;
  const busyBefore = await busyCores('before', signal);
  for (const reason of busyBefore) console.error(`THIS MACHINE IS BUSY: ${reason}`);
  const measured: MeasuredAxis[] = [];
  for (const name of options.axes) {
    for (const store of axes[name].stores) measured.push(await measureAxis(name, store, options));
  }
  const reasons = [...busyBefore, ...(await busyCores('after', signal)), ...unsteadySizes(measured)];
  if (options.json !== undefined) await writeFile(options.json, JSON.stringify(measured, undefined, 2));
  const notes = reasons.length === 0 ? '' : `A BUSY MACHINE: ${reasons.join('; ')}.\n\n`;
  const facts = `${await machineFacts()}; medians of ${rounds} rounds, and quartiles.`;
  const figures = [
    facts,
    verdictsReport(measured),
    ...options.axes.map((name) => axisReport(name, measured)),
  ];
  console.log(`\n${notes}${figures.join('\n\n')}`);
  if (isQuick || options.axes.length < axisNames.length) {
    console.error('docs/scale.md stays as it is: only a full run of everything is published');
    return true;
  }
  if (reasons.length > 0) {
    console.error('docs/scale.md stays as it is: the machine was not quiet');
    return false;
  }
  await mkdir(picturesFolder, { recursive: true });
  for (const { file, svg } of axisPlots(measured)) await writeFile(path.join(picturesFolder, file), svg);
  await writePage(page, figures.join('\n\n'));
  console.error('docs/scale.md has these figures now');
  return true;
}

/** All sizes of an axis are there at once and take turns; another one is first in each round. */
async function measureAxis(
  name: AxisName,
  store: StoreName,
  { isQuick, rounds, signal }: ScaleOptions,
): Promise<MeasuredAxis> {
  const closers: Closer[] = [];
  const sizes = isQuick ? axes[name].quickSizes : axes[name].sizes;
  const warmMs = isQuick ? WARM_MS.quick : WARM_MS.full;
  try {
    const started: { readonly measured: MeasuredSize; readonly turns: Turn[] }[] = [];
    for (const size of sizes) {
      signal.throwIfAborted();
      console.error(`${name}, ${store}: storing what ${size.toLocaleString('en')} ${axes[name].unit} need`);
      const measured = await startSize({ axis: name, store, size, warmMs, signal });
      closers.push({ what: `${size} ${name}`, close: measured.close });
      started.push({ measured, turns: [] });
    }
    const dropped = isQuick ? DROPPED.quick : DROPPED.full;
    for (let round = 0; round < dropped + rounds; round += 1) {
      const isDropped = round < dropped;
      const number = isDropped
        ? `${round + 1} of ${dropped} (dropped)`
        : `${round - dropped + 1} of ${rounds}`;
      console.error(`${name}, ${store}: round ${number}`);
      const first = round % started.length;
      for (const { measured, turns } of [...started.slice(first), ...started.slice(0, first)]) {
        signal.throwIfAborted();
        const turn = await measured.turn();
        if (!isDropped) turns.push(turn);
      }
    }
    const atSizes: readonly MeasuredAtSize[] = started.map(({ measured, turns }) => {
      const { size, entries, memoryBytes } = measured;
      return { size, entries, memoryBytes, turns };
    });
    return { axis: name, store, sizes: atSizes };
  } finally {
    await closeAll(closers);
  }
}

/** The smallest size of each axis is what the others are compared with. */
function unsteadySizes(measured: readonly MeasuredAxis[]): readonly string[] {
  return measured.flatMap(({ axis, store, sizes }) => {
    const turns = sizes[0]?.turns ?? [];
    const cpu = turns.flatMap((turn) => turn['read hit']?.cpuUs ?? []);
    return unsteady(`CPU of hits (the smallest size of ${axis}, ${store})`, cpu);
  });
}
