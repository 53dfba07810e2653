import { refuseFaults } from '../unknown-options.js';

/** How much of the traffic is recorded, for `simulate`. */
export interface RecordOptions {
  /**
   * Bytes of memory that the recording may take; default 16,777,216 (16 MiB), which is some million reads. Once it is full, what
   * comes later is not recorded.
   */
  readonly maxBytes?: number | undefined;
}

/** The names of all options of recording. */
export const recordOptions = { maxBytes: true } satisfies Record<keyof RecordOptions, true>;

const DEFAULT_BYTES = 16 * 1024 * 1024;

/** @throws CacheError naming every option that cannot be. */
export function checkedRecord(given: RecordOptions): Required<{ readonly maxBytes: number }> {
  const { maxBytes = DEFAULT_BYTES } = given;
  const isRight = Number.isSafeInteger(maxBytes) && maxBytes > 0;
  refuseFaults(
    'createCache',
    isRight ? [] : [`record.maxBytes must be a positive whole number, but got ${maxBytes}`],
  );
  return { maxBytes };
}
