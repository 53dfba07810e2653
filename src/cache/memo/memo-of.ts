import type { OperationMemo } from './operation-memo.js';

const memos = new WeakMap<object, OperationMemo>();

/** Notes the memo of a cache, for the plugins of servers that are made from outside of it. */
export function noteMemo(cache: object, memo: OperationMemo | undefined): void {
  if (memo !== undefined) memos.set(cache, memo);
}

/** Undefined where the cache has none. */
export function memoOf(cache: object): OperationMemo | undefined {
  return memos.get(cache);
}
