import type { AsyncLocalStorage } from 'node:async_hooks';

type Made<T> = Pick<AsyncLocalStorage<T>, 'run' | 'exit' | 'getStore' | 'disable'>;

/**
 * Storages that share a real one. Each cache has a storage of its own, and Node hands on all that there are with each promise: a
 * process has one cache, but here are a thousand of them.
 */
export function onOneStorage(Real: typeof AsyncLocalStorage): new <T>() => Made<T> {
  const shared = new Real<ReadonlyMap<object, object>>();
  return class OneOfMany<T> {
    readonly #stored = new WeakMap<object, T>();
    #isEnabled = false;

    run<Result, Given extends unknown[]>(
      store: T,
      work: (...given: Given) => Result,
      ...given: Given
    ): Result {
      this.#isEnabled = true;
      const place = {};
      this.#stored.set(place, store);
      return shared.run(new Map(shared.getStore()).set(this, place), () => work(...given));
    }

    exit<Result, Given extends unknown[]>(work: (...given: Given) => Result, ...given: Given): Result {
      const left = new Map(shared.getStore());
      left.delete(this);
      return shared.run(left, () => work(...given));
    }

    getStore(): T | undefined {
      const place = this.#isEnabled ? shared.getStore()?.get(this) : undefined;
      return place && this.#stored.get(place);
    }

    disable(): void {
      this.#isEnabled = false;
    }
  };
}
