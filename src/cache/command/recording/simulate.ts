import { readFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { readRecording, simulate, type Recording, type SimulatedField } from '../../advise/index.js';
import { evictions, type Eviction } from '../../store/eviction.js';
import { CommandFault, wrongCommand } from '../command-fault.js';
import type { Surroundings } from '../surroundings.js';
import { asJson, asTable } from '../write-out.js';

const examples = `
Examples:
  corral simulate traffic.bin --ttl 30,60,300
  corral simulate traffic.bin --field Query.film --swr 60 --pattern PREFETCH
  corral simulate traffic.bin --max-entries 10000 --eviction lru

The file has what cache.stats.recording() returned, of a cache with the option record: docs/simulation.md.`;

interface Flags {
  readonly field?: string;
  readonly ttl?: readonly number[];
  readonly swr?: number;
  readonly pattern?: string;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  readonly eviction?: Eviction;
  readonly json?: boolean;
}

/** One line of what is told. */
interface Row {
  readonly coordinate: string;
  /** What was set otherwise; undefined for what was recorded. */
  readonly ttl: number | undefined;
  readonly reads: number;
  readonly hits: number;
  readonly loads: number;
  readonly loadMs: number;
  /** Of the whole store. */
  readonly evictions: number;
}

/** `corral simulate`: what recorded traffic would have had under other settings. */
export function addSimulate(program: Command, { out, err }: Surroundings): void {
  program
    .command('simulate')
    .description(
      'replays recorded traffic under another ttl, swr, pattern or eviction, and says what would have been hit',
    )
    .argument('<file>', 'a recording')
    .option('--field <coordinate>', 'the field that is set otherwise; default: all')
    .option('--ttl <seconds>', 'one or several, such as 30,60,300: a line for each', secondsOf)
    .option('--swr <seconds>', 'for which a stale value is served while it is refreshed', numberOf)
    .addOption(
      new Option('--pattern <pattern>', 'how it is read').choices([
        'CACHE_ASIDE',
        'READ_THROUGH',
        'PREFETCH',
      ]),
    )
    .option('--max-entries <number>', 'what a memory store has room for; default: for everything', numberOf)
    .option('--max-bytes <number>', 'the same in bytes of memory', numberOf)
    .addOption(new Option('--eviction <eviction>', 'what leaves first').choices(evictions))
    .option('--json', 'prints JSON')
    .addHelpText('after', examples)
    .action(async (file: string, flags: Flags) => {
      const recording = await recordingIn(file);
      const rows = rowsOf(recording, flags);
      if (flags.json === true) {
        out(asJson({ isFull: recording.isFull, rows }));
        return;
      }
      const headings = ['field', 'ttl', 'reads', 'hits', 'loads', 'load time', 'evictions'];
      out(
        asTable(
          headings,
          rows.map(({ coordinate, ttl, reads, hits, loads, loadMs, evictions: evicted }) => [
            ...[coordinate, ttl === undefined ? 'as recorded' : `${ttl} s`, `${reads}`],
            reads === 0 ? '' : `${((100 * hits) / reads).toFixed(1)} %`,
            ...[`${loads}`, `${(loadMs / 1000).toFixed(1)} s`, `${evicted}`],
          ]),
        ),
      );
      if (recording.isFull) err('The recording was full: what came later is not in it.');
    });
}

/** First as it was recorded, then a line for each ttl; for all fields, those that are read most first. */
function rowsOf(recording: Recording, flags: Flags): readonly Row[] {
  const { field = '*', ttl, swr, pattern, maxEntries, maxBytes, eviction } = flags;
  const bounds = {
    ...(maxEntries !== undefined && { maxEntries }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(eviction !== undefined && { eviction }),
  };
  const others = { ...(swr !== undefined && { swr }), ...(pattern !== undefined && { pattern }) };
  const isAny = Object.keys(others).length > 0 || Object.keys(bounds).length > 0;
  const tried: readonly (SimulatedField | undefined)[] = [
    undefined,
    ...(ttl === undefined ? (isAny ? [others] : []) : ttl.map((seconds) => ({ ttl: seconds, ...others }))),
  ];
  const ttls = new Map(recording.fields.map(({ coordinate, ttlMs }) => [coordinate, ttlMs / 1000]));
  try {
    const rows = tried.flatMap((change) => {
      const result = simulate(recording, change === undefined ? {} : { fields: { [field]: change }, bounds });
      return result.fields
        .filter(({ coordinate }) => field === '*' || coordinate === field)
        .map((counted) => ({
          ...counted,
          ttl: change === undefined ? undefined : (change.ttl ?? ttls.get(counted.coordinate)),
          evictions: result.evictions,
        }));
    });
    if (rows.length === 0) throw wrongCommand(`The recording has no reads of ${field}.`);
    return [...rows].sort((one, other) => other.reads - one.reads);
  } catch (error) {
    if (error instanceof RangeError) throw wrongCommand(error.message);
    throw error;
  }
}

async function recordingIn(file: string): Promise<Recording> {
  const bytes = await readFile(file).catch(() => {
    throw new CommandFault(`There is no file ${file}.`);
  });
  try {
    return readRecording(bytes);
  } catch (error) {
    throw new CommandFault(`${file}: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isFinite(number) && number >= 0) return number;
  throw wrongCommand(`"${text}" must be a number that is not negative.`);
}

function secondsOf(text: string): readonly number[] {
  return text.split(',').map(numberOf);
}
