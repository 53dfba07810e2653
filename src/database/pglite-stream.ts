import { Duplex } from 'node:stream';
import type { PGlite } from '@electric-sql/pglite';

const terminate = 0x58;

/**
 * Looks like a socket to `pg` and hands its bytes to a PGlite in this process, so that the embedded database
 * and a server are reached by the same driver and the same SQL, and no port is opened.
 * PGlite is one session: use it in a pool of at most one connection.
 */
export class PGliteStream extends Duplex {
  readonly #database: PGlite;
  #unsent: Buffer = Buffer.alloc(0);
  #isStarted = false;

  constructor(database: PGlite) {
    super();
    this.#database = database;
  }

  connect(): this {
    process.nextTick(() => this.emit('connect'));
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    // Answers are pushed as they come.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#unsent = this.#unsent.length === 0 ? chunk : Buffer.concat([this.#unsent, chunk]);
    const isFirst = !this.#isStarted;
    const messages = this.#takeWholeMessages();
    if (messages.length === 0) {
      done();
      return;
    }
    this.#exchange(messages, isFirst).then(() => done(), done);
  }

  /** PGlite wants whole messages; what is left of the last one waits for the next write. */
  #takeWholeMessages(): Buffer {
    let end = 0;
    for (;;) {
      // The start-up message has no type byte before its length.
      const lengthAt = this.#isStarted ? end + 1 : end;
      if (this.#unsent.length < lengthAt + 4) break;
      const next = lengthAt + this.#unsent.readInt32BE(lengthAt);
      // Terminate would end PGlite itself, not this connection; nothing follows it.
      if (this.#unsent.length < next || (this.#isStarted && this.#unsent[end] === terminate)) break;
      this.#isStarted = true;
      end = next;
    }
    const whole = this.#unsent.subarray(0, end);
    this.#unsent = this.#unsent.subarray(end);
    return whole;
  }

  async #exchange(messages: Buffer, isFirst: boolean): Promise<void> {
    await this.#database.runExclusive(async () => {
      if (isFirst) await this.#forgetLastConnection();
      this.push(Buffer.from(await this.#database.execProtocolRaw(messages)));
    });
  }

  /** The session outlives a connection: an open transaction or a prepared name must not reach the next one. */
  async #forgetLastConnection(): Promise<void> {
    await this.#database.execProtocolRaw(queryMessage('ROLLBACK'));
    await this.#database.execProtocolRaw(queryMessage('DISCARD ALL'));
  }
}

function queryMessage(sql: string): Buffer {
  const message = Buffer.alloc(6 + Buffer.byteLength(sql));
  message.write('Q');
  message.writeInt32BE(message.length - 1, 1);
  message.write(sql, 5);
  return message;
}
