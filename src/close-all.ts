/** Closes one thing. */
export type Closer = () => Promise<void>;

/**
 * Closes what was opened, the last one first, each once: the list is empty afterwards. One that fails does not keep
 * the others open; its error is thrown at the end.
 */
export async function closeAll(closers: Closer[]): Promise<void> {
  const failures: unknown[] = [];
  for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
    await closer().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw new AggregateError(failures, 'Not everything could be closed.');
}
