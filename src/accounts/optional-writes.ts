/** So long after one that failed none is tried: each could wait for as long as a connection may take. Milliseconds. */
const PAUSE_MS = 10_000;

export interface OptionalWritesOptions {
  readonly nowMs: () => number;
  readonly onFailure: (error: unknown) => void;
}

/**
 * Makes writes that a request can do without. One that fails fails nothing, and those of the next ten seconds are left
 * out. After that one of them tries again while the others are left out still.
 */
export function optionalWrites({
  nowMs,
  onFailure,
}: OptionalWritesOptions): (write: () => Promise<void>) => Promise<void> {
  let failedAtMs: number | undefined;
  return async (write) => {
    if (failedAtMs !== undefined) {
      // Less than nothing: the clock was set back, and how long ago it was is not known.
      const sinceMs = nowMs() - failedAtMs;
      if (sinceMs >= 0 && sinceMs < PAUSE_MS) return;
      failedAtMs = nowMs();
    }
    try {
      await write();
      failedAtMs = undefined;
    } catch (error) {
      failedAtMs = nowMs();
      onFailure(error);
    }
  };
}
