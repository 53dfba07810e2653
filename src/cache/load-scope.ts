import { AsyncLocalStorage } from 'node:async_hooks';
import { begun, endedBy } from './maybe-promise.js';

/** One load under way, as the properties of its context see it. */
export interface RunningLoad {
  /** Told of each property that the load reads of a watched object; answers with what the load gets. May throw. */
  onRead(owner: object, name: PropertyKey, value: unknown): unknown;
  /** True once it has looked at the viewer, where it must not. */
  touched?(): boolean;
  /** Told of what a part of the load reads, before the load itself is; answers with what the part gets. */
  onReadOfPart?(read: LoadRead, part: PartOfLoad): unknown;
}

/** One read of a watched object. */
export interface LoadRead {
  readonly owner: object;
  readonly name: PropertyKey;
  readonly value: unknown;
}

/** What is loaded within a load, and stored for others than those who share the value of that load. */
export interface PartOfLoad {
  /** The names of `vary` that its entries are told apart by. */
  readonly vary: readonly string[];
  /** Called where it has read what differs besides. */
  readonly onTouch: () => void;
}

interface Scope {
  readonly load: RunningLoad;
  /** The load that this one is a part of. */
  readonly outer: Scope | undefined;
}

// One for the process: an object that two caches watch must tell both of them, and asking costs the same.
const running = new AsyncLocalStorage<Scope | undefined>();
let loads = 0;

/** Runs a load so that what it reads, then and later, is told to it and to those that it is a part of. */
export function runLoad<T>(load: RunningLoad, work: () => T): T {
  loads += 1;
  return running.run({ load, outer: running.getStore() }, work);
}

/** Ends what `runLoad` began, once the load has ended. */
export function endLoad(): void {
  loads -= 1;
  // What tells loads apart slows every promise of the process down, for as long as it is on.
  if (loads === 0) running.disable();
}

/** What a reader gets who reads a property: told to the running loads that the read is a part of, the innermost first. */
export function tellRead(owner: object, name: PropertyKey, value: unknown): unknown {
  let given = value;
  for (let scope = running.getStore(); scope !== undefined; scope = scope.outer) {
    given = scope.load.onRead(owner, name, given);
  }
  return given;
}

/** Runs what is stored by itself, as a part of the loads around this call, however late it begins. */
export function partOfLoads(vary: readonly string[]): {
  run<T>(work: () => T): T;
  touched(): boolean;
} {
  const outer = loads === 0 ? undefined : running.getStore();
  if (outer === undefined) return { run: (work) => work(), touched: () => false };
  let hasRead = false;
  const part = { vary, onTouch: () => void (hasRead = true) };
  const onRead = (owner: object, name: PropertyKey, value: unknown): unknown => {
    let given = value;
    for (let scope: Scope | undefined = outer; scope !== undefined; scope = scope.outer) {
      const { load } = scope;
      if (load.onReadOfPart !== undefined) given = load.onReadOfPart({ owner, name, value: given }, part);
    }
    return given;
  };
  const scope: Scope = { load: { onRead }, outer };
  const touchedAround = touchOf(outer);
  return {
    run: (work) => {
      loads += 1;
      return endedBy(() => running.run(scope, () => begun(work())), endLoad);
    },
    touched: () => hasRead || touchedAround(),
  };
}

/** Tells, then and later, whether one of these loads has looked at the viewer. */
function touchOf(around: Scope): () => boolean {
  return () => {
    for (let scope: Scope | undefined = around; scope !== undefined; scope = scope.outer)
      if (scope.load.touched?.()) return true;
    return false;
  };
}

/** Runs what is no part of any load. */
export function outsideLoads<Given extends unknown[], T>(work: (...given: Given) => T, ...given: Given): T {
  return loads === 0 ? work(...given) : running.exit(work, ...given);
}
