import { CacheError } from '../errors.js';

/** For a read that would wait for a load which waits for it: neither would ever end. Names the fields and no key. */
export class WaitsForItself extends CacheError {
  constructor(reader: string, load: string) {
    super(
      'CACHE_LOAD_CYCLE',
      `${reader}: this read is a part of the load of ${load}, and would wait for that load to end, as it is for the same ` +
        'entry; give one of the two a key of its own, or let the load ask the origin itself.',
    );
  }
}
