import { begun, isPromise } from '../../maybe-promise.js';
import { endLoad, runLoad, type RunningLoad } from '../../load-scope.js';
import type { Names } from './public-guard.js';
import { watch } from './watched-object.js';

/** Runs a load: until it ends, what it reads of these objects is watched, and what others read of them is not. */
export function runWatched<T>(
  { load, watched, end }: { load: RunningLoad; watched: readonly Names[]; end: () => void },
  work: () => T,
): T {
  const named = watched.filter(([, names]) => names.length > 0);
  const unwatches = named.map(([object, names]) => watch(object, names));
  const finish = (): void => {
    end();
    if (named.length === 0) return;
    endLoad();
    for (const unwatch of unwatches) unwatch();
  };
  let result: T;
  try {
    // Work that begins when it is waited for is begun within the load.
    const begin = (): T => begun(work());
    result = named.length === 0 ? begin() : runLoad(load, begin);
  } catch (error) {
    finish();
    throw error;
  }
  if (isPromise(result)) result.then(finish, finish);
  else finish();
  return result;
}
