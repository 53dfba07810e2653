import type { Bounds } from '../store/bounded-map.js';

/** How answers of whole operations are kept. */
export interface MemoOptions {
  /** Bytes of memory that the answers of this process take at most, with their bookkeeping; default 32 MiB. */
  readonly maxBytes?: number;
}

/** The names of all options. */
export const memoOptions = { maxBytes: true } satisfies Record<keyof MemoOptions, true>;

const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;

/** What is wrong with the option `memo`, as sentences. */
export function memoFaults(memo: unknown): string[] {
  if (typeof memo !== 'object' || memo === null || !('maxBytes' in memo)) return [];
  const { maxBytes } = memo;
  if (maxBytes === undefined || (Number.isSafeInteger(maxBytes) && Number(maxBytes) > 0)) return [];
  return [`memo.maxBytes must be a positive whole number of bytes, but got ${String(maxBytes)}`];
}

/** The bounds of what is kept; undefined where nothing shall be. */
export function memoBounds(memo: boolean | MemoOptions | undefined): Bounds | undefined {
  if (memo === undefined || memo === false) return undefined;
  const { maxBytes = DEFAULT_MAX_BYTES } = memo === true ? {} : memo;
  return { maxEntries: Number.MAX_SAFE_INTEGER, maxBytes, eviction: 's3-fifo' };
}
