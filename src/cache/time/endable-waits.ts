/**
 * Waits that end at once when everything is closed, whatever they are for: a timer, or an origin that never answers.
 * A timer alone is not enough: it keeps no process alive, so a process that waits for it while it closes ends there.
 */
export class EndableWaits {
  readonly #underWay = new Set<() => void>();
  #isOver = false;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What the work brings, or undefined as soon as `end` was called: then what becomes of it is of no interest. */
  until<T>(work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#underWay.delete(leave);
        resolve(undefined);
      };
      if (this.#isOver) leave();
      else this.#underWay.add(leave);
      work.then(resolve, reject).finally(() => this.#underWay.delete(leave));
    });
  }

  end(): void {
    this.#isOver = true;
    for (const leave of this.#underWay) leave();
  }
}
