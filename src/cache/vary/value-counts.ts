import type { VaryValue } from '../keys/variant.js';
import type { CacheLog } from '../log.js';

/** Fields that vary by more values than this in one process vary by something else than was meant. */
const MANY = 10_000;

/** Counts the values of each name that this process has seen, and warns once where they are many. */
export class ValueCounts {
  readonly #log: CacheLog;
  /** Hashes, so that it stays small; undefined for names that were warned of. */
  readonly #seen = new Map<string, Set<number> | undefined>();

  constructor(log: CacheLog) {
    this.#log = log;
  }

  note(name: string, value: VaryValue | undefined, coordinate: string): void {
    if (!this.#seen.has(name)) this.#seen.set(name, new Set());
    const seen = this.#seen.get(name);
    if (seen === undefined) return;
    seen.add(hashOf(`${typeof value}${String(value)}`));
    if (seen.size < MANY) return;
    this.#seen.set(name, undefined);
    this.#log.warn(
      { coordinate, name, values: MANY },
      `${coordinate} varies by ${name}, which has had ${MANY} values in this process; where each viewer has one of its own, ` +
        'use scope: PRIVATE instead',
    );
  }
}

/** FNV-1a, in 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
