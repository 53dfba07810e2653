import { readTypeDefs } from '../../../src/schema/read-type-defs.js';

/** The SDL of the API, whose entries with a stale window live for a second: so that a test sees them expire. */
export function shortLived(): string[] {
  return readTypeDefs().map((sdl) =>
    sdl.replace(
      /(@cached\(ttl: )\d+(, pattern: \w+), swr: \d+, staleIfError: \d+/g,
      '$11$2, swr: 1, staleIfError: 600',
    ),
  );
}
