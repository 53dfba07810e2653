import { createCache, type Cache, type Store } from '../../../src/cache/index.js';
import { inBatches } from './in-batches.js';
import { timesOf, type Operation, type Subject } from './subject.js';

export interface RowsShape {
  readonly rows: number;
  /** Bytes of the text of a row. */
  readonly bytes: number;
  readonly tagsOf: (row: number) => readonly string[];
}

/** Rows outside of GraphQL. */
export interface Rows {
  readonly cache: Cache<object>;
  read(row: number): Promise<void>;
  readAll(): Promise<void>;
  /** Of a key that no row has. */
  readCold(name: string, loadMs: number): Promise<void>;
  loads(): number;
}

const DAY_SECONDS = 86_400;
const ROOM_FOR_BYTES = 10_000_000;
const GROUPS = 1000;
const CYCLES = 8;
/** A prime: rows that follow each other are read far from each other. */
const STRIDE = 7919;

/** Rows of one shape over a store; nothing is in it yet. */
export async function openRows(store: Store, { rows, bytes, tagsOf }: RowsShape): Promise<Rows> {
  const cache = createCache<object>({ store, fetches: ['Row', 'Group', 'Cold'], environment: 'production' });
  await cache.start();
  let loads = 0;
  const load = (id: number): object => {
    loads += 1;
    return { id, text: 'x'.repeat(bytes) };
  };
  const read = async (row: number): Promise<void> => {
    const options = { ttl: DAY_SECONDS, tags: tagsOf(row), maxBytes: ROOM_FOR_BYTES };
    await cache.fetch(`Row:${row}`, options, () => load(row));
  };
  return {
    cache,
    read,
    readAll: () => inBatches(rows, read),
    readCold: async (name, loadMs) => {
      await cache.fetch(`Cold:${name}`, { ttl: DAY_SECONDS }, async () => {
        await new Promise((resolve) => setTimeout(resolve, loadMs));
        return load(0);
      });
    },
    loads: () => loads,
  };
}

/** `count` tags of the many that rows share. */
export function groupsOf(row: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `Group:${(row + at) % GROUPS}`);
}

/** Rows that are read, invalidated and loaded anew by their own keys, one after the other. */
export async function rowsSubject(store: Store, shape: RowsShape): Promise<Subject> {
  const rows = await openRows(store, shape);
  await rows.readAll();
  return {
    entries: shape.rows,
    cycles: timesOf(CYCLES, shape.bytes / 2000),
    operations: rowOperations(rows, shape),
    loads: rows.loads,
    close: () => rows.cache.close(),
  };
}

export function rowOperations(
  { cache, read }: Rows,
  { rows, bytes }: RowsShape,
): Readonly<Record<'read hit' | 'invalidate' | 'miss and fill', Operation>> {
  const rowAt = (at: number): number => (at * STRIDE) % rows;
  const weight = bytes / 2000;
  const few = Math.min(timesOf(25, weight), rows);
  return {
    'read hit': { times: timesOf(200, weight), run: (at) => read(rowAt(at)) },
    invalidate: { times: few, run: (at) => cache.invalidate([`Row:${rowAt(at)}`]) },
    'miss and fill': { times: few, run: (at) => read(rowAt(at)) },
  };
}
