import { ownBytes } from '../codec/own-bytes.js';
import { hasCome, type Clock } from '../time/clock.js';
import { ASKED_HALF_LIFE_MS, MOST_COUNTED, type Asked } from './asked.js';

interface Counted {
  readonly argumentSet: Uint8Array;
  weight: number;
}

interface FieldCounts {
  readonly counts: Map<string, Counted>;
  fadesAtMs: number;
}

/** What was asked for lately, in a store of this process. */
export class MemoryAsked {
  readonly #clock: Clock;
  readonly #fields = new Map<string, FieldCounts>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(field: string, asked: readonly Asked[]): void {
    const { counts } = this.#faded(field);
    for (const { argumentSet, times } of asked) {
      const name = Buffer.from(argumentSet).toString('latin1');
      const known = counts.get(name);
      if (known === undefined) counts.set(name, { argumentSet: ownBytes(argumentSet), weight: times });
      else known.weight += times;
    }
    if (counts.size <= MOST_COUNTED) return;
    const names = [...counts].sort(([, one], [, other]) => one.weight - other.weight).map(([name]) => name);
    for (const name of names.slice(0, counts.size - MOST_COUNTED)) counts.delete(name);
  }

  most(field: string, atMost: number): readonly Asked[] {
    return [...(this.#fields.get(field)?.counts.values() ?? [])]
      .sort((one, other) => other.weight - one.weight)
      .slice(0, atMost)
      .map(({ argumentSet, weight }) => ({ argumentSet, times: weight }));
  }

  clear(): void {
    this.#fields.clear();
  }

  #faded(field: string): FieldCounts {
    const nowMs = this.#clock.nowMs();
    const known = this.#fields.get(field);
    if (known === undefined) {
      const fresh = { counts: new Map<string, Counted>(), fadesAtMs: nowMs + ASKED_HALF_LIFE_MS };
      this.#fields.set(field, fresh);
      return fresh;
    }
    if (hasCome(known.fadesAtMs, nowMs, ASKED_HALF_LIFE_MS)) {
      for (const counted of known.counts.values()) counted.weight /= 2;
      known.fadesAtMs = nowMs + ASKED_HALF_LIFE_MS;
    }
    return known;
  }
}
