/** Something that happened to a row. */
interface Happened {
  readonly atMs: number;
  readonly machine: string;
  readonly what: string;
  readonly version: number | undefined;
}

const REMEMBERED = 24;

/** A row in the simulated database, what was acknowledged of it, and the last that happened to it. */
export class RowHistory {
  readonly name: string;
  /** As it is in the database. */
  version = 1;
  /** The latest version whose write was acknowledged, its invalidation being applied. */
  acknowledged = 1;
  /** Writes that were committed and are not acknowledged. */
  underWay = 0;
  /** When a write of it began or ended last, milliseconds. */
  touchedAtMs = -Infinity;
  #last: Happened[] = [];

  constructor(name: string) {
    this.name = name;
  }

  note(happened: Happened): void {
    this.#last.push(happened);
    if (this.#last.length >= REMEMBERED * 2) this.#last = this.#last.slice(-REMEMBERED);
  }

  /** The last that happened to it, a line for each. */
  told(): string {
    const lines = this.#last.slice(-REMEMBERED).map(({ atMs, machine, what, version }) => {
      return `  ${atMs.toFixed(1).padStart(10)} ms  ${machine.padEnd(8)} ${what}${version === undefined ? '' : ` ${version}`}`;
    });
    return [`${this.name}, version ${this.version}, acknowledged ${this.acknowledged}:`, ...lines].join('\n');
  }
}
