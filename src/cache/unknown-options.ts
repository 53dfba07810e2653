import { CacheError, type ErrorCode } from './errors.js';
import { hintOf } from './nearest-name.js';

/** Every option there is; `satisfies Record<keyof …, true>` keeps such a list equal to its interface. */
export type KnownOptions = Readonly<Record<string, true>>;

/**
 * A sentence for each option that does not exist: JavaScript would ignore it without a word. `group` is what the options
 * are a part of: `loads` of `loads.atMost`. What is no object has no options; a known option may be `undefined`.
 */
export function unknownOptions(given: unknown, known: KnownOptions, group?: string): string[] {
  if (typeof given !== 'object' || given === null) return [];
  const faults: string[] = [];
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name)) faults.push(unknownOption(name, known, group));
  }
  return faults;
}

function unknownOption(name: string, known: KnownOptions, group: string | undefined): string {
  const full = (option: string): string => (group === undefined ? option : `${group}.${option}`);
  const hint = hintOf(name, Object.keys(known));
  return `there is no option "${full(name)}"${hint === undefined ? '' : ` (${hint})`}`;
}

/** @throws CacheError that tells all faults of one call together; none where there are none. */
export function refuseFaults(
  call: string,
  faults: readonly string[],
  code: ErrorCode = 'CACHE_CONFIGURATION',
): void {
  if (faults.length > 0) throw new CacheError(code, `${call}: ${faults.join('; ')}`);
}
