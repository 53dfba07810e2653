export type Text = string | Buffer;

interface StreamEntry {
  readonly id: string;
  readonly fields: readonly string[];
}

type Value = string | Map<string, string> | StreamEntry[];

interface Held {
  readonly value: Value;
  readonly expiresAtMs: number;
}

const LOG_SLACK = 100;

/** What a simulated server holds. Each key has an expiry, and is of one type for ever: nothing but the engine writes here. */
export class Keyspace {
  readonly #held: Map<string, Held>;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number, held = new Map<string, Held>()) {
    this.#nowMs = nowMs;
    this.#held = held;
  }

  get size(): number {
    return this.#held.size;
  }

  /** As it is now, for a replica or a file. */
  copy(): Keyspace {
    const held = new Map<string, Held>();
    for (const [key, { value, expiresAtMs }] of this.#held) {
      held.set(key, { value: copyOf(value), expiresAtMs });
    }
    return new Keyspace(this.#nowMs, held);
  }

  keys(): string[] {
    return [...this.#held.keys()];
  }

  text(key: string): string | undefined {
    const value = this.#valueOf(key);
    return typeof value === 'string' ? value : undefined;
  }

  /** Bytes are kept as text, a character for each: a small buffer is a part of a large one, which it would keep. */
  setText(key: string, value: Text, keptMs: number): void {
    const kept = typeof value === 'string' ? value : value.toString('latin1');
    this.#held.set(key, { value: kept, expiresAtMs: this.#nowMs() + keptMs });
  }

  /** Sets a text, and leaves its expiry as it is. */
  changeText(key: string, value: string): void {
    const held = this.#present(key);
    if (held !== undefined) this.#held.set(key, { ...held, value });
  }

  has(key: string): boolean {
    return this.#present(key) !== undefined;
  }

  delete(...keys: string[]): number {
    let deleted = 0;
    for (const key of keys) if (this.has(key) && this.#held.delete(key)) deleted += 1;
    return deleted;
  }

  /** Milliseconds left; -2 without such a key. */
  leftMs(key: string): number {
    const held = this.#present(key);
    return held === undefined ? -2 : held.expiresAtMs - this.#nowMs();
  }

  expire(key: string, keptMs: number): number {
    const held = this.#present(key);
    if (held === undefined) return 0;
    this.#held.set(key, { ...held, expiresAtMs: this.#nowMs() + keptMs });
    return 1;
  }

  hash(key: string): Map<string, string> | undefined {
    const value = this.#valueOf(key);
    return value instanceof Map ? value : undefined;
  }

  /** The hash of this name, created where it is missing. */
  madeHash(key: string): Map<string, string> {
    const known = this.hash(key);
    if (known !== undefined) return known;
    const made = new Map<string, string>();
    this.#held.set(key, { value: made, expiresAtMs: Infinity });
    return made;
  }

  stream(key: string): readonly StreamEntry[] {
    const value = this.#valueOf(key);
    return Array.isArray(value) ? value : [];
  }

  append(key: string, fields: readonly string[], aboutEntries: number): void {
    const known = this.#valueOf(key);
    const stream = Array.isArray(known) ? known : [];
    const [ms = '0', number = '0'] = (stream.at(-1)?.id ?? '0-0').split('-');
    const nowMs = Math.max(Math.floor(this.#nowMs()), Number(ms));
    stream.push({ id: `${nowMs}-${nowMs === Number(ms) ? Number(number) + 1 : 0}`, fields });
    if (stream.length > aboutEntries + LOG_SLACK) stream.splice(0, LOG_SLACK);
    this.#held.set(key, { value: stream, expiresAtMs: Infinity });
  }

  /** Lets so many milliseconds pass for all that is held. */
  age(ms: number): void {
    for (const [key, held] of this.#held) {
      this.#held.set(key, { ...held, expiresAtMs: held.expiresAtMs - ms });
    }
  }

  #valueOf(key: string): Value | undefined {
    return this.#present(key)?.value;
  }

  #present(key: string): Held | undefined {
    const held = this.#held.get(key);
    if (held === undefined || held.expiresAtMs > this.#nowMs()) return held;
    this.#held.delete(key);
    return undefined;
  }
}

function copyOf(value: Value): Value {
  if (value instanceof Map) return new Map(value);
  return Array.isArray(value) ? [...value] : value;
}
