/**
 * Runs work so many microtasks from now: as many as graphql-js has steps of promises there. The order in which errors are told
 * follows from it, and which of them are told at all.
 */
export function afterHops(hops: number, work: () => void): void {
  if (hops <= 0) work();
  else queueMicrotask(() => afterHops(hops - 1, work));
}
