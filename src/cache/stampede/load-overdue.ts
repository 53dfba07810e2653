import { CacheError } from '../errors.js';

/** For readers of a field whose loads hang. It names the field and no key, and says its code to clients too. */
export class LoadOverdue extends CacheError {
  /** GraphQL servers hand these on. */
  readonly extensions = { code: 'CACHE_LOAD_OVERDUE' } as const;

  constructor(coordinate: string, what: string) {
    super('CACHE_LOAD_OVERDUE', `${coordinate}: ${what}; try again in a moment.`);
  }
}
