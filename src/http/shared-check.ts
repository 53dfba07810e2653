/**
 * A check that all share who ask while it runs, or within so many milliseconds of its begin: many who ask cost no more
 * than one does.
 */
export function sharedCheck(check: () => Promise<void>, forMs: number): () => Promise<void> {
  let last: { readonly outcome: Promise<void>; readonly sinceMs: number; isRunning: boolean } | undefined;
  return () => {
    const nowMs = performance.now();
    if (last !== undefined && (last.isRunning || nowMs - last.sinceMs < forMs)) return last.outcome;
    const begun = {
      outcome: check().finally(() => (begun.isRunning = false)),
      sinceMs: nowMs,
      isRunning: true,
    };
    last = begun;
    return begun.outcome;
  };
}
