/** So many at a time, in order of arrival; what waits can leave. */
export interface Places {
  /** Does the work once there is a place for it, and not at all where the signal fires before: then it rejects with its reason. */
  run<T>(work: () => Promise<T>, leave: AbortSignal): Promise<T>;
}

export function createPlaces(count: number): Places {
  const waiting = new Set<() => void>();
  let free = count;

  async function take(leave: AbortSignal): Promise<void> {
    leave.throwIfAborted();
    if (free > 0) {
      free -= 1;
      return;
    }
    const hasPlace = await new Promise<boolean>((resolve) => {
      const start = (): void => {
        leave.removeEventListener('abort', onLeave);
        resolve(true);
      };
      const onLeave = (): void => {
        waiting.delete(start);
        resolve(false);
      };
      waiting.add(start);
      leave.addEventListener('abort', onLeave, { once: true });
    });
    if (!hasPlace) leave.throwIfAborted();
  }

  /** To the one that has waited for the longest time, where there is one. */
  function handOn(): void {
    const [next] = waiting;
    if (next === undefined) free += 1;
    else {
      waiting.delete(next);
      next();
    }
  }

  return {
    async run(work, leave) {
      await take(leave);
      try {
        return await work();
      } finally {
        handOn();
      }
    },
  };
}
