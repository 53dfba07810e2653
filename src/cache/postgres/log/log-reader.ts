import { systemClock, type CallOff } from '../../time/clock.js';
import { pause } from '../../time/pause.js';
import { Changes, type Batch } from './changes.js';
import type { PlanInUse } from './plan-in-use.js';
import { openStream, type ReplicationStream, type StreamOptions } from './replication-stream.js';

/** With more tags than this waiting to be applied, no more is read. */
const WAITING_AT_MOST = 5000;
/** What waits for longer is left to another process: this one cannot apply it. */
const UNTAKEN_AT_MOST_MS = 1500;
/** How soon the server hears that this reader has come further, where nothing had to be applied. */
const TELL_WITHIN_MS = 10;

export interface ReaderOptions extends Pick<
  StreamOptions,
  'connection' | 'slot' | 'publication' | 'isTemporary'
> {
  readonly known: PlanInUse;
  /** Called when there is something to take where there was nothing. */
  readonly onChanges: () => void;
  /** Called once, when it reads no more. */
  readonly onEnd: (error: Error) => void;
}

/** The one reader of a slot: what it has read, and how much of that is applied. */
export class LogReader {
  readonly #changes: Changes;
  readonly #options: ReaderOptions;
  #stream: ReplicationStream | undefined;
  #appliedTo = 0n;
  #isApplying = false;
  #isPaused = false;
  /** While a look is under way everything is read at once; between looks what comes is left to gather in the socket. */
  #isLooking = false;
  #isEnded = false;
  #callOffTelling: CallOff | undefined;
  #callOffUntaken: CallOff | undefined;
  #wake: (() => void) | undefined;
  /** What is waited for to be read, whether it is applied or not. */
  #gathersTo: bigint | undefined;

  private constructor(options: ReaderOptions) {
    this.#options = options;
    this.#changes = new Changes(options, options.known);
  }

  /** Rejects where another process reads the slot. */
  static async open(options: ReaderOptions): Promise<LogReader> {
    const reader = new LogReader(options);
    reader.#stream = await openStream({
      ...options,
      onMessage: (bytes) => reader.#read(bytes),
      onReached: (place) => reader.#reached(place),
      onEnd: (error) => reader.#end(error),
    });
    // What came with the first answer may be enough already.
    if (reader.#isPaused) reader.#stream.pause();
    return reader;
  }

  /** Whether the server still sends it the log, where it says that this process of its own reads the slot. */
  isSentBy(pid: number | undefined): boolean {
    return this.#stream?.pid === pid;
  }

  /** Everything that was committed before this place is applied. */
  get appliedTo(): bigint {
    return this.#appliedTo;
  }

  get hasChanges(): boolean {
    return !this.#changes.isEmpty;
  }

  /** Whether what was committed before this place has been read, or nothing more will be before something is taken. */
  hasRead(place: bigint): boolean {
    return this.#isEnded || this.#changes.readTo >= place || this.#changes.size >= WAITING_AT_MOST;
  }

  /** Resolves once all of that was read, or after this time. What is taken together is applied in one go. */
  async gather(place: bigint, withinMs: number): Promise<void> {
    if (this.hasRead(place)) return;
    this.#gathersTo = place;
    await this.more(withinMs);
    this.#gathersTo = undefined;
  }

  /** A look begins: what has gathered meanwhile is read. */
  look(): void {
    this.#isLooking = true;
    if (this.#changes.size < WAITING_AT_MOST) this.#flow();
  }

  /** It is over. To read each small transaction by itself would cost the processor of a busy server dear. */
  rest(): void {
    this.#isLooking = false;
  }

  /** What was read; it counts as applied once `applied` is called with it. */
  take(): Batch {
    this.#callOffUntaken?.();
    this.#callOffUntaken = undefined;
    this.#isApplying = true;
    const batch = this.#changes.take();
    this.#flow();
    return batch;
  }

  applied({ readTo }: Batch): void {
    this.#isApplying = false;
    this.#appliedTo = this.#changes.isEmpty ? this.#changes.readTo : readTo;
    this.#stream?.confirm(this.#appliedTo);
  }

  /** Resolves when more was read, or it has ended, or this time is over. */
  async more(withinMs: number): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await pause(systemClock, withinMs, woken);
    this.#wake = undefined;
  }

  /** What is not applied is read by the next one. */
  end(): void {
    this.#stream?.end();
    this.#isEnded = true;
    this.#callOffTelling?.();
    this.#callOffUntaken?.();
    this.#wake?.();
  }

  #end(error: Error): void {
    if (this.#isEnded) return;
    this.end();
    this.#options.onEnd(error);
  }

  #read(bytes: Buffer): void {
    const wasEmpty = this.#changes.isEmpty;
    this.#changes.read(bytes);
    if (this.#gathersTo !== undefined && this.hasRead(this.#gathersTo)) this.#wake?.();
    if (this.#changes.isEmpty) {
      this.#advance();
      return;
    }
    if (!this.#isPaused && (!this.#isLooking || this.#changes.size >= WAITING_AT_MOST)) {
      this.#isPaused = true;
      this.#stream?.pause();
    }
    if (!wasEmpty) return;
    if (this.#gathersTo === undefined) this.#wake?.();
    this.#callOffUntaken ??= systemClock.after(UNTAKEN_AT_MOST_MS, () => this.#untaken());
    this.#options.onChanges();
  }

  #reached(place: bigint): void {
    this.#changes.hasReached(place);
    if (this.#gathersTo !== undefined && this.hasRead(this.#gathersTo)) this.#wake?.();
    this.#advance();
  }

  #advance(): void {
    if (!this.#changes.isEmpty || this.#isApplying || this.#changes.readTo <= this.#appliedTo) return;
    this.#appliedTo = this.#changes.readTo;
    this.#wake?.();
    this.#callOffTelling ??= systemClock.after(TELL_WITHIN_MS, () => {
      this.#callOffTelling = undefined;
      this.#stream?.confirm(this.#appliedTo);
    });
  }

  #flow(): void {
    if (this.#isPaused) this.#stream?.resume();
    this.#isPaused = false;
  }

  #untaken(): void {
    // One that is being applied is under way: how long that may take is for the relay to say.
    if (this.#isApplying) this.#callOffUntaken = systemClock.after(UNTAKEN_AT_MOST_MS, () => this.#untaken());
    else this.#end(new Error(`what was read was not applied for ${UNTAKEN_AT_MOST_MS} ms`));
  }
}
