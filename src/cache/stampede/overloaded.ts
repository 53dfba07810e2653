import { CacheError } from '../errors.js';

/** For a load that would wait too long for its turn. It names no key, and says its code to clients too. */
export class Overloaded extends CacheError {
  /** GraphQL servers hand these on. */
  readonly extensions = { code: 'CACHE_OVERLOADED' } as const;

  constructor() {
    super('CACHE_OVERLOADED', 'Too many loads are waiting for their turn; try again in a moment.');
  }
}
