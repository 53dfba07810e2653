import type { CacheLog } from '../log.js';
import { hintOf } from '../nearest-name.js';
import { namespaceIn, type ReadNamespaces } from './read-namespaces.js';

/** Namespaces that are warned of, and of those that `cache.fetch` used, are remembered up to this number. */
const MOST_REMEMBERED = 1000;

/** Warns, once a namespace, of tags that `cache.invalidate` is given and no entry can have. */
export class UnreadTags {
  readonly #log: CacheLog;
  readonly #declared: readonly string[];
  readonly #fetched = new Set<string>();
  readonly #warned = new Set<string>();
  #read: ReadNamespaces | undefined;

  /** `declared`: namespaces that are read without a directive, by `fetches` and `origins`. */
  constructor(log: CacheLog, declared: readonly string[]) {
    this.#log = log;
    this.#declared = declared;
  }

  /** Before this nothing is warned of: what the schema reads is not known. */
  applied(read: ReadNamespaces): void {
    this.#read = { ...read, whole: new Set([...read.whole, ...this.#declared]) };
  }

  /** What `cache.fetch` was called with in this process, with its tags. */
  fetched(keys: readonly string[]): void {
    if (this.#fetched.size >= MOST_REMEMBERED) return;
    for (const key of keys) this.#fetched.add(namespaceIn(key));
  }

  warnOf(tags: readonly string[]): void {
    for (const tag of tags) {
      const namespace = namespaceIn(tag);
      if (this.#isRead(namespace) || this.#warned.has(namespace)) continue;
      if (this.#warned.size >= MOST_REMEMBERED) return;
      this.#warned.add(namespace);
      this.#log.warn({ namespace }, this.#sentence(namespace));
    }
  }

  #isRead(namespace: string): boolean {
    if (this.#read === undefined) return true;
    const { whole, beginnings } = this.#read;
    return (
      whole.has(namespace) ||
      this.#fetched.has(namespace) ||
      beginnings.some((beginning) => namespace.startsWith(beginning))
    );
  }

  #sentence(namespace: string): string {
    const hint = hintOf(namespace, [...(this.#read?.whole ?? [])].sort());
    return (
      `cache.invalidate: no key and no tag of any @cached field begins with "${namespace}", so that tag invalidates nothing` +
      `${hint === undefined ? '' : ` (${hint})`}; correct it, or pass fetches: ["${namespace}"] to createCache where only ` +
      'cache.fetch uses it'
    );
  }
}
