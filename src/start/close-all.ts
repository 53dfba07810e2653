/** Closes one thing, which a message calls so: `the database`. */
export interface Closer {
  readonly what: string;
  close(): Promise<void>;
}

/**
 * Closes what was opened, the last one first, each once: the list is empty afterwards. One that fails does not keep
 * the others open. @throws AggregateError at the end, whose message lists what could not be closed and why.
 */
export async function closeAll(closers: Closer[]): Promise<void> {
  const failures: unknown[] = [];
  const told: string[] = [];
  for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
    try {
      await closer.close();
    } catch (error) {
      failures.push(error);
      told.push(`${closer.what} (${reasonOf(error)})`);
    }
  }
  if (failures.length > 0) {
    throw new AggregateError(failures, `Not everything could be closed: ${told.join(', ')}.`);
  }
}

/** Without its own full stop, as it stands within a sentence. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error && error.message !== '' ? error.message : String(error);
  return text.replace(/\.$/, '');
}
