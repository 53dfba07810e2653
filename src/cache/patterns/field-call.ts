import type { ResponsePath } from '../metrics/trace.js';

/** What the engine reads of GraphQL's `info`; the rest is passed on untouched. */
export interface CallInfo {
  readonly path: ResponsePath;
}

/** One call of a field's resolver, as GraphQL makes it. */
export interface FieldCall<Info extends CallInfo = CallInfo> {
  readonly parent: unknown;
  readonly args: Readonly<Record<string, unknown>>;
  readonly context: unknown;
  readonly info: Info;
}

/** Runs the field's own resolver with a context that may be guarded. */
export type Resolve<Info extends CallInfo> = (call: FieldCall<Info>, context: unknown) => unknown;
