import type { ReadMessage } from '../diagnostics/messages.js';
import type { Timed } from '../metrics/field-times.js';
import type { ResponsePath } from '../metrics/trace.js';
import type { Found } from '../coherence/entry-field.js';
import type { AnswerHint } from '../codec/entry.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';

/** What the engine reads of GraphQL's `info`; the rest is passed on untouched. */
export interface CallInfo {
  readonly path: ResponsePath;
  /** One object for each execution of an operation; servers may execute all events of a subscription with the same. */
  readonly variableValues: object;
  readonly operation?: { readonly operation: string };
  /** The schema that is executed. */
  readonly schema?: object;
}

/** Tells requests apart. Undefined for the events of a subscription, each of which must see what was written before it. */
export function requestOf({ operation, variableValues }: CallInfo): object | undefined {
  return operation?.operation === 'subscription' ? undefined : variableValues;
}

/** A read of a child's entry that was made together with those of all its siblings. */
export interface AheadRead {
  /** The policy that located it: what was read for one is never accepted by another. */
  readonly policy: ReadPolicy;
  readonly place: Located;
  readonly found: Found | undefined;
}

/** One call of a field's resolver, as GraphQL makes it. */
export interface FieldCall<Info extends CallInfo = CallInfo> {
  readonly parent: unknown;
  readonly args: Readonly<Record<string, unknown>>;
  readonly context: unknown;
  readonly info: Info;
  /** What was read ahead, where this field's parent is an element of a list. */
  readonly ahead?: AheadRead | undefined;
  /** Told what the load of the answer said to caches of whole answers; absent where nothing listens. */
  readonly onHint?: ((hint: AnswerHint, ageMs: number) => void) | undefined;
  /** Where it is noted what becomes of the read; absent where reads are not told. */
  readonly told?: ReadMessage | undefined;
  /** Measures how long a hit takes; absent for most calls. */
  readonly timed?: Timed | undefined;
}

/** What a resolver says besides its value, while it runs. */
export interface ResolverNotes {
  hint?: AnswerHint;
}

/** Runs the field's own resolver with a context that may be guarded. */
export type Resolve<Info extends CallInfo> = (
  call: FieldCall<Info>,
  context: unknown,
  notes?: ResolverNotes,
) => unknown;
