import { refuseFaults } from '../../unknown-options.js';

/** Which hits are loaded anew in the background and compared, and what follows from differences. */
export interface ShadowOptions {
  /** The share of fresh hits that are checked: more than 0, at most 1. 0.001 is one in a thousand. */
  readonly share: number;
  /**
   * After how many differences a field is switched off by itself in this process: its reads go past the cache until the
   * process ends. A positive whole number. Default: never.
   */
  readonly switchOffAfter?: number | undefined;
}

/** The names of all options of shadow checks. */
export const shadowOptions = {
  share: true,
  switchOffAfter: true,
} satisfies Record<keyof ShadowOptions, true>;

/** @throws CacheError naming every option that cannot be. */
export function checkedShadow(given: ShadowOptions | undefined): ShadowOptions | undefined {
  if (given === undefined) return undefined;
  const { share, switchOffAfter } = given;
  const faults: string[] = [];
  if (!(share > 0 && share <= 1)) {
    faults.push(
      `shadow.share must be more than 0 and at most 1, but got ${share}; leave out shadow to check nothing`,
    );
  }
  if (switchOffAfter !== undefined && (!Number.isSafeInteger(switchOffAfter) || switchOffAfter <= 0))
    faults.push(`shadow.switchOffAfter must be a positive whole number, but got ${switchOffAfter}`);
  refuseFaults('createCache', faults);
  return given;
}
