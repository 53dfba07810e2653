import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { withDefaults } from '../with-defaults.js';
import { written } from '../written.js';

/** What becomes of reads while a process cannot look into its outbox, and so does not know what others have written. */
export interface RelayingOptions {
  /** Milliseconds without a look that succeeded after which the relay counts as blind; default 3,000. */
  readonly blindAfterMs: number;
  /**
   * `load`, the default: an entry is served for `blindAfterMs` after its load and then loaded anew, which is at the speed of
   * the database and as fresh as it; copies of the process do not answer. Where the load fails, so does the read, unless
   * `staleIfError` allows an old value. `serve`: entries are served until their `ttl` ends, however old they are.
   */
  readonly whileBlind: 'load' | 'serve';
}

const defaults: RelayingOptions = { blindAfterMs: 3000, whileBlind: 'load' };
const known = { blindAfterMs: true, whileBlind: true } satisfies Record<keyof RelayingOptions, true>;

/** @throws CacheError naming every option that does not exist or cannot be. */
export function checkedRelay(given: Partial<RelayingOptions> = {}): RelayingOptions {
  const options = withDefaults(defaults, given);
  const { blindAfterMs, whileBlind } = options;
  const faults = unknownOptions(given, known, 'relay');
  if (!Number.isSafeInteger(blindAfterMs) || blindAfterMs <= 0) {
    faults.push(
      `relay.blindAfterMs must be a positive whole number of milliseconds, but got ${written(blindAfterMs)}`,
    );
  }
  if (whileBlind !== 'load' && whileBlind !== 'serve') {
    faults.push(`relay.whileBlind must be "load" or "serve", but got ${written(whileBlind)}`);
  }
  refuseFaults('createCache', faults);
  return options;
}
