import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { bundled } from '../run/bundled.js';

/** One flood of a process: see `memory-program.ts`. */
export interface Flood {
  readonly kind:
    | 'large answers'
    | 'large answers, asked for twice'
    | 'copies for some seconds'
    | 'strict copies'
    | 'keys of cache.fetch'
    | 'namespaces of cache.fetch'
    | 'ids of films'
    | 'operations'
    | 'ids and locales'
    | 'locales'
    | 'viewers'
    | 'tags that are invalidated'
    | 'loads that fail'
    | 'argument sets of what is kept warm'
    | 'writes behind that the database refuses';
  readonly keys: number;
  /** Of the memory store, or of the copies in front of Redis. */
  readonly maxBytes: number;
  readonly redisUrl?: string;
  readonly idles?: boolean;
}

export interface MemorySettings {
  readonly floods: readonly Flood[];
  /** Whether to measure how well decoded values are counted. */
  readonly values?: boolean;
}

/** What a flood left; bytes and milliseconds. */
export interface Flooded {
  /** Heap and buffers, after a collection, beyond what there was before. */
  readonly held: number;
  /** The most that the process took beyond what it had before. */
  readonly rss: number;
  readonly ms: number;
  /** CPU of five seconds in which nothing is asked, two seconds after it; where that is asked for. */
  readonly idleCpuMs?: number;
  /** Coordinates that have counters. */
  readonly counters: number;
  /** Lines of the log. */
  readonly lines: number;
  readonly redisKeys?: number;
  readonly immortal?: readonly string[];
}

export interface Measured {
  readonly floods: ReadonlyMap<string, Flooded>;
  /** What decoded values take, as a share of what is counted for them. */
  readonly values: Readonly<Record<string, number>>;
}

/** Floods a process of its own whose heap has this bound. @throws Error where it died, with what it printed. */
export async function floodProcess(settings: MemorySettings, heapMebibytes: number): Promise<Measured> {
  const script = path.join(import.meta.dirname, 'memory-program.ts');
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${heapMebibytes}`, bundled(script), JSON.stringify(settings)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let printed = '';
  let complaints = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0)
    throw new Error(`the flooded process died (${code}):\n${printed}\n${complaints.slice(-2000)}`);
  const floods = new Map<string, Flooded>();
  let values: Measured['values'] = {};
  for (const line of printed.trim().split('\n')) {
    const said = JSON.parse(line) as (Flooded & { flood: string }) | { values: Measured['values'] };
    if ('values' in said) values = said.values;
    else floods.set(said.flood, said);
  }
  return { floods, values };
}
