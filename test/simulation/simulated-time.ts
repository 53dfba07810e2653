/** Who does something at a moment: a process or a server. One that stands still does it later. */
export type Machine = string;

interface Event {
  readonly atMs: number;
  /** Events of one moment take place in the order in which they were planned. */
  readonly order: number;
  readonly machine: Machine;
  readonly run: () => void;
  isOff: boolean;
}

const START_MS = 1_750_000_000_000;
/** Real turns of the event loop that are asked for together. */
const TURNS = 64;
const realImmediate = globalThis.setImmediate;

/**
 * Time of a whole simulated world in one process: the timers, immediates and clocks of Node, so that the engine runs as it is.
 * Everything that happens is an event of a machine. Between two events all promises settle, so one event is what a real process
 * does between two turns of its event loop.
 */
export class SimulatedTime {
  readonly #heap: Event[] = [];
  #immediates: Event[] = [];
  #nextImmediate = 0;
  readonly #standStill = new Map<Machine, number>();
  #nowMs = 0;
  #order = 0;
  /** How many events there were. */
  events = 0;
  /** The machine whose event takes place. */
  machine: Machine = 'world';
  /** Timers that went off, by machine: how often a process was woken for itself. */
  readonly timersOf = new Map<Machine, number>();

  /** Milliseconds since the simulation began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Plans an event. @returns how to call it off. */
  after(ms: number, machine: Machine, run: () => void): () => void {
    const event = this.#event(this.#nowMs + Math.max(ms, 0), machine, run);
    this.#push(event);
    return () => void (event.isOff = true);
  }

  /** From now on nothing happens on this machine for so long. What comes meanwhile happens afterwards, in its order. */
  standStill(machine: Machine, ms: number): void {
    this.#standStill.set(machine, Math.max(this.#standStill.get(machine) ?? 0, this.#nowMs + ms));
  }

  /** Lets time pass until then, or until `isOver`. */
  pass(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      let [left, hasEnded] = [0, false];
      const turn = (): void => {
        left -= 1;
        if (hasEnded) return;
        try {
          if (isOver() || !this.#step(untilMs)) {
            hasEnded = true;
            this.#nowMs = isOver() ? this.#nowMs : Math.max(this.#nowMs, untilMs);
            resolve();
          } else if (left === 0) ask();
        } catch (error) {
          hasEnded = true;
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      const ask = (): void => {
        left = TURNS;
        for (let count = 0; count < TURNS; count += 1) realImmediate(turn);
      };
      ask();
    });
  }

  /** Takes the place of the timers and clocks of Node. @returns how to give them back. */
  install(): () => void {
    const replaced: [object, string, unknown][] = [
      [globalThis, 'setTimeout', (run: () => void, ms = 0) => this.#timer(run, ms)],
      [globalThis, 'clearTimeout', (timer: unknown) => void (timer instanceof Timer && timer.callOff())],
      [
        globalThis,
        'setImmediate',
        (run: (...given: unknown[]) => void, ...given: unknown[]) => this.#immediate(() => run(...given)),
      ],
      [Date, 'now', () => START_MS + Math.floor(this.#nowMs)],
      [performance, 'now', () => this.#nowMs],
    ];
    const before = replaced.map(([of, name]) => Object.getOwnPropertyDescriptor(of, name));
    for (const [of, name, value] of replaced) {
      Object.defineProperty(of, name, { value, configurable: true, writable: true });
    }
    return () => {
      for (const [index, [of, name]] of replaced.entries()) {
        const own = before[index];
        if (own === undefined) Reflect.deleteProperty(of, name);
        else Object.defineProperty(of, name, own);
      }
    };
  }

  #timer(run: () => void, ms: number): Timer {
    const { machine } = this;
    // A timer of Node waits for a millisecond at least.
    const callOff = this.after(Math.max(1, ms), machine, () => {
      this.timersOf.set(machine, (this.timersOf.get(machine) ?? 0) + 1);
      run();
    });
    return new Timer(callOff);
  }

  #immediate(run: () => void): void {
    this.#immediates.push(this.#event(this.#nowMs, this.machine, run));
  }

  #event(atMs: number, machine: Machine, run: () => void): Event {
    this.#order += 1;
    return { atMs, order: this.#order, machine, run, isOff: false };
  }

  /** Has the next event take place; false where there is none until then. */
  #step(untilMs: number): boolean {
    for (;;) {
      const event = this.#next(untilMs);
      if (event === undefined) return false;
      if (event.isOff) continue;
      const standsUntilMs = this.#standStill.get(event.machine);
      if (standsUntilMs !== undefined) {
        if (standsUntilMs > this.#nowMs) {
          this.#push({ ...event, atMs: standsUntilMs });
          continue;
        }
        this.#standStill.delete(event.machine);
      }
      this.machine = event.machine;
      this.events += 1;
      event.run();
      return true;
    }
  }

  #next(untilMs: number): Event | undefined {
    const immediate = this.#immediates[this.#nextImmediate];
    if (immediate !== undefined) {
      this.#nextImmediate += 1;
      return immediate;
    }
    if (this.#nextImmediate > 0) [this.#immediates, this.#nextImmediate] = [[], 0];
    const [first] = this.#heap;
    if (first === undefined || first.atMs > untilMs) return undefined;
    this.#nowMs = Math.max(this.#nowMs, first.atMs);
    return this.#pop();
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above];
      if (other === undefined || isBefore(other, event)) break;
      heap[at] = other;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = at * 2 + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const isOther = other !== undefined && isBefore(other, one);
      const smaller = isOther ? other : one;
      if (isBefore(last, smaller)) break;
      heap[at] = smaller;
      at = isOther ? left + 1 : left;
    }
    heap[at] = last;
    return first;
  }
}

/** What `setTimeout` returns. */
class Timer {
  readonly callOff: () => void;

  constructor(callOff: () => void) {
    this.callOff = callOff;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs === other.atMs ? one.order < other.order : one.atMs < other.atMs;
}
