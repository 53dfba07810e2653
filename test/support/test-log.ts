import type { DatabaseLog } from '../../src/database/database-log.js';

/** A log that a test can read, as `level message`. */
export function testLog(): DatabaseLog & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    info: (message) => void lines.push(`info ${message}`),
    warn: (message) => void lines.push(`warn ${message}`),
  };
}
