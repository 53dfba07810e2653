/** Adds a listener, which stays until the signal is given: a store may live longer than those that use it. */
export function listenUntil<T>(listeners: Set<T>, listener: T, until: AbortSignal | undefined): void {
  if (until?.aborted === true) return;
  listeners.add(listener);
  until?.addEventListener('abort', () => listeners.delete(listener), { once: true });
}
