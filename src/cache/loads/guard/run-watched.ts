import { begun, endedBy } from '../../maybe-promise.js';
import { endLoad, runLoad, type RunningLoad } from '../../load-scope.js';
import type { Names } from './public-guard.js';
import { watch } from './watched-object.js';

interface WatchedLoad {
  readonly load: RunningLoad;
  readonly watched: readonly Names[];
  /** True where it is told by other ways what the load reads. */
  readonly needsScope: boolean;
  readonly end: () => void;
}

/** Runs a load: until it ends, what it reads of these objects is watched, and what others read of them is not. */
export function runWatched<T>({ load, watched, needsScope, end }: WatchedLoad, work: () => T): T {
  const named = watched.filter(([, names]) => names.length > 0);
  const unwatches = named.map(([object, names]) => watch(object, names));
  const finish = (): void => {
    end();
    if (named.length === 0 && !needsScope) return;
    endLoad();
    for (const unwatch of unwatches) unwatch();
  };
  if (named.length === 0 && !needsScope) return endedBy(work, finish);
  // Work that begins when it is waited for is begun within the load.
  return endedBy(() => runLoad(load, () => begun(work())), finish);
}
