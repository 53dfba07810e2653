import type { Freshness, Recorded } from './recording.js';

/** A shorter text is written as fast as its bytes are. */
const SHORTEST_AS_BYTES = 2048;

const BEFORE = '{"data":';
const AFTER = '}\n';

interface AnswerParts {
  readonly text: string;
  readonly names: readonly string[];
  readonly made: Pick<Recorded, 'hits' | 'repeats' | 'tags' | 'untilMs'>;
  readonly freshness: Freshness | undefined;
  /** Told when it is made into bytes. */
  readonly onBytes: () => void;
}

/** The whole answer to an operation, which is given as long as everything that it was made of is fresh. */
export class KeptAnswer {
  /** `data` as JSON. */
  readonly text: string;
  /** The names of what is selected, in their order. */
  readonly names: readonly string[];
  readonly made: AnswerParts['made'];
  /** What may be said of it to others who keep answers; undefined where it was just loaded, and may be refused by the store. */
  readonly freshness: Freshness | undefined;
  readonly #onBytes: () => void;
  #bytes: Buffer | undefined;
  #joined: KeptAnswer | undefined;

  constructor({ text, names, made, freshness, onBytes }: AnswerParts) {
    this.text = text;
    this.names = names;
    this.made = made;
    this.freshness = freshness;
    this.#onBytes = onBytes;
  }

  /** The same for those who were given it while it was made. */
  get joined(): KeptAnswer {
    const { text, names, made } = this;
    const parts = { text, names, made, freshness: undefined, onBytes: this.#onBytes };
    return (this.#joined ??= new KeptAnswer(parts));
  }

  /** The answer as it is sent where it is nothing but `data`. */
  get sent(): string {
    return BEFORE + this.text + AFTER;
  }

  get isLong(): boolean {
    return this.text.length >= SHORTEST_AS_BYTES;
  }

  /** The same in bytes, which a long answer is written from, as its text would be made into them each time. */
  get sentBytes(): Buffer | undefined {
    if (!this.isLong) return undefined;
    if (this.#bytes === undefined) {
      this.#onBytes();
      this.#bytes = ownBytesOf(this.text);
    }
    return this.#bytes;
  }
}

/** Not a part of the pool of Node.js, all of which it would hold. */
function ownBytesOf(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafeSlow(BEFORE.length + length + AFTER.length);
  bytes.write(BEFORE);
  bytes.write(text, BEFORE.length);
  bytes.write(AFTER, BEFORE.length + length);
  return bytes;
}
