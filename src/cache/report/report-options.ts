import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { KEPT_MINUTES } from './own-figures.js';

/** What a report is about. */
export interface ReportOptions {
  /** The last so many minutes, the present one included, 1 to 60; default all that is known, which is since the processes started. */
  readonly minutes?: number | undefined;
}

const reportOptions = { minutes: true } satisfies Record<keyof ReportOptions, true>;

/** @throws CacheError naming every option that does not exist or cannot be. */
export function checkReport(options: ReportOptions): void {
  const faults = unknownOptions(options, reportOptions);
  const { minutes } = options;
  if (minutes !== undefined && !(Number.isSafeInteger(minutes) && minutes >= 1 && minutes <= KEPT_MINUTES)) {
    faults.push(`minutes must be a whole number from 1 to ${KEPT_MINUTES}, but got ${minutes}`);
  }
  refuseFaults('cache.stats.report', faults);
}
