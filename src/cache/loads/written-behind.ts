import { UNKNOWN_HINT } from '../codec/entry.js';
import type { PendingState } from '../journal/accepted-writes.js';
import type { Load, Services } from './services.js';

/** A load of what is written behind: the latest is in the journal until the database has it. */
export function unlessPending(
  { acceptedWrites }: Pick<Services, 'acceptedWrites'>,
  key: string,
  load: Load,
): Load {
  let found: PendingState['outcome'] = 'none';
  const run = async (): Promise<unknown> => {
    const [pending] = await acceptedWrites.pendingOf([key]);
    found = pending?.outcome ?? 'unknown';
    return pending?.outcome === 'pending' ? pending.state : load.run();
  };
  return {
    ...load,
    run,
    isPending: () => found === 'pending',
    isUnsure: () => found === 'unknown',
    hint: () => (found === 'pending' ? UNKNOWN_HINT : load.hint?.()),
  };
}
