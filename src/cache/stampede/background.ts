/** Work that no request waits for. `drain` waits for what has begun, so that nothing floats past close(). */
export class Background {
  readonly #running = new Set<Promise<void>>();
  readonly #names = new Set<string>();

  /** Runs work; its failure goes to `onError` and nowhere else. */
  run(work: () => Promise<unknown>, onError: (error: unknown) => void): void {
    const running = work().then(
      () => undefined,
      (error: unknown) => told(error, onError),
    );
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** As `run`, unless work of this name is already under way in this process. */
  runOnce(name: string, work: () => Promise<unknown>, onError: (error: unknown) => void): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.run(() => work().finally(() => this.#names.delete(name)), onError);
  }

  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}

/** What tells of a failure may fail too, as the log of an application: that must not end the process. */
function told(error: unknown, onError: (error: unknown) => void): void {
  try {
    onError(error);
  } catch {
    // It was the last one to be told.
  }
}
