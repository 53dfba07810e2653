import { written } from '../../written.js';

/** Where an outbox learns of writes from. */
export type OutboxSource = 'triggers' | 'log' | 'auto';

const sources: readonly unknown[] = ['triggers', 'log', 'auto'] satisfies readonly OutboxSource[];

/** Every fault of these options, as sentences. */
export function sourceFaults({
  source,
  behindAtMostMb,
}: {
  readonly source?: unknown;
  readonly behindAtMostMb?: unknown;
}): string[] {
  const faults: string[] = [];
  if (source !== undefined && !sources.includes(source))
    faults.push(`source must be "triggers", "log" or "auto", but is ${written(source)}`);
  if (
    behindAtMostMb !== undefined &&
    !(typeof behindAtMostMb === 'number' && Number.isSafeInteger(behindAtMostMb) && behindAtMostMb > 0)
  ) {
    faults.push(
      `behindAtMostMb must be a positive whole number of megabytes, but got ${written(behindAtMostMb)}`,
    );
  }
  return faults;
}
