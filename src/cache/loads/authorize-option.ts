import type { MaybePromise } from '../maybe-promise.js';

/** Whether a reader may be given what is cached for a field. */
export type Authorize<Context = unknown> = (
  coordinate: string,
  parent: unknown,
  args: Readonly<Record<string, unknown>>,
  context: Context,
) => MaybePromise<boolean>;
