import type { CallOff, Timers } from './clock.js';

interface WakeablePause {
  /** How long it lasts where nothing wakes it, milliseconds. */
  readonly ms: number;
  /** How long it goes on at most after it was woken, milliseconds. */
  readonly wokenForMs: number;
}

/**
 * Pauses that are woken together, again and again. A pause that has ended leaves nothing behind, neither a timer nor a callback:
 * however long nothing wakes them, no more is held than the pauses under way.
 */
export class WakeablePauses {
  readonly #timers: Timers;
  /** Of the pauses that were not woken yet. */
  readonly #wakes = new Set<() => void>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  pause({ ms, wokenForMs }: WakeablePause): Promise<void> {
    return new Promise((resolve) => {
      let callOffWoken: CallOff | undefined;
      const wake = (): void => {
        this.#wakes.delete(wake);
        callOffWoken = this.#timers.after(wokenForMs, end);
      };
      const end = (): void => {
        this.#wakes.delete(wake);
        callOff();
        callOffWoken?.();
        resolve();
      };
      const callOff = this.#timers.after(ms, end);
      this.#wakes.add(wake);
    });
  }

  /** Wakes all that are under way. */
  wake(): void {
    for (const wake of this.#wakes) wake();
  }
}
