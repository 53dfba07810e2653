import { tooLongFaults } from '../time/timer-limit.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';

/** How writes are sampled. */
export interface ProbeOptions {
  /** At most one write is followed in so many milliseconds; default 1,000. */
  readonly everyMs?: number;
  /** When the entry is read back, in milliseconds after its invalidation was applied; default 0, 1,000 and 5,000. */
  readonly afterMs?: readonly number[];
}

const probeOptions = {
  everyMs: true,
  afterMs: true,
} satisfies Record<keyof ProbeOptions, true>;

/** @throws CacheError naming every option that cannot be. */
export function checkedProbe(given: ProbeOptions): Required<ProbeOptions> {
  const { everyMs = 1000, afterMs = [0, 1000, 5000] } = given;
  const faults = unknownOptions(given, probeOptions, 'probe');
  if (!Number.isSafeInteger(everyMs) || everyMs <= 0)
    faults.push(`probe.everyMs must be a positive whole number, but got ${everyMs}`);
  if (afterMs.length === 0 || !afterMs.every((ms, index) => ms >= (afterMs[index - 1] ?? 0)))
    faults.push(`probe.afterMs must be milliseconds in rising order, but got [${afterMs.join(', ')}]`);
  faults.push(
    ...tooLongFaults(Object.fromEntries(afterMs.map((ms, index) => [`probe.afterMs[${index}]`, ms]))),
  );
  refuseFaults('createCache', faults);
  return { everyMs, afterMs };
}
