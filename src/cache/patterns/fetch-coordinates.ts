import { namespaceOf } from '../keys/namespace.js';
import type { CacheLog } from '../log.js';

/** Namespaces of keys that are counted by themselves, beside those that createCache was told of. */
const MOST_NAMESPACES = 200;

/** Where `cache.fetch` counts what it does not count by namespace. */
const ALL_OTHERS = 'cache.fetch';

/**
 * What the counters call a key of `cache.fetch`: by its namespace, without ids. Bounded, since a namespace may be made of what
 * clients send: those that come later are counted together.
 */
export class FetchCoordinates {
  readonly #log: CacheLog;
  readonly #byNamespace = new Map<string, string>();
  readonly #most: number;
  #hasWarned = false;

  constructor(log: CacheLog, declared: readonly string[]) {
    this.#log = log;
    for (const namespace of declared) this.#byNamespace.set(namespace, coordinateOf(namespace));
    this.#most = this.#byNamespace.size + MOST_NAMESPACES;
  }

  of(key: string): string {
    const namespace = namespaceOf(key);
    const known = this.#byNamespace.get(namespace);
    if (known !== undefined) return known;
    if (this.#byNamespace.size >= this.#most) {
      this.#warn();
      return ALL_OTHERS;
    }
    const coordinate = coordinateOf(namespace);
    this.#byNamespace.set(namespace, coordinate);
    return coordinate;
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn(
      { namespaces: MOST_NAMESPACES },
      `cache.fetch was called with keys of more than ${MOST_NAMESPACES} namespaces, the part before the first colon; further ` +
        `ones are counted together as ${ALL_OTHERS}. Put ids behind the colon, as in "Report:42", and pass the namespaces ` +
        'that you mean as fetches to createCache',
    );
  }
}

function coordinateOf(namespace: string): string {
  return `${ALL_OTHERS} ${namespace}`;
}
