import type { CacheLog } from '../../src/cache/index.js';

/** A log of the engine that a test can read, as `level message {details}`. */
export function cacheLog(): CacheLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (details: Readonly<Record<string, unknown>>, message: string): void =>
      void lines.push(`${level} ${message} ${JSON.stringify(details)}`);
  return { lines, warn: write('warn'), error: write('error') };
}
