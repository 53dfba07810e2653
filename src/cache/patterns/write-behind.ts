// On a write:           the resolver validates and returns the new state; one step puts it into the journal and ends the
//                       entry that was; then the client is answered. Flushers write it to the database, latest state last.
// When it throws:       nothing was accepted.
// When the store fails: with onStoreLoss "fail" the write is refused before its resolver runs. Otherwise it is accepted, or
//                       goes straight to the database where the journal fails; where that is away too, it is refused and
//                       can be tried again (WRITE_BEHIND_BUSY). It is never dropped in silence.
// What is guaranteed:   reads of the key see the accepted state at once; it is flushed at least once, coalesced per key, and
//                       never overwritten by an older one; what it survives until then is what the journal declares.

import { UnstorableValue } from '../codec/storable.js';
import { CacheError, textOf } from '../errors.js';
import { unheardWithin } from '../maybe-promise.js';
import type { CallInfo, FieldCall, Resolve } from '../loads/field-call.js';
import type { InvalidationPolicy } from '../policy/write-policy.js';
import type { Services } from '../loads/services.js';
import type { WritePolicy } from '../policy/write-policy.js';
import { resolvedMutation } from './resolved-mutation.js';
import { WriteBehindBusy } from '../journal/write-behind-busy.js';

export interface WriteBehindOptions {
  readonly services: Services;
  readonly policy: WritePolicy;
  /** What else is invalidated once the database has the write. */
  readonly invalidation: InvalidationPolicy;
  /** True where the cache is switched off: the write goes straight to the database. */
  readonly isOff: boolean;
  /** Makes the error that a client is told when neither journal nor database is known to have the write; it may be flushed all the same. */
  readonly busy: (coordinate: string, mayBeWritten: boolean) => Error;
  /** Makes the error that a client is told when the loss of the store must not be survived. */
  readonly unavailable: (coordinate: string) => Error;
}

/** Binds a mutation's resolver, which returns the new state, or null to delete the row, without touching the database. */
export function writeBehind<Info extends CallInfo>(
  { services, policy, invalidation, isOff, busy, unavailable }: WriteBehindOptions,
  resolve: Resolve<Info>,
): (call: FieldCall<Info>) => Promise<unknown> {
  const { coordinate, pattern } = policy;
  return async (call) => {
    const { context } = call;
    const { viewerOf } = services;
    // Before the resolver, which may change them: then rows would be taken for one another.
    const args = policy.takeArguments(call.args);
    const viewerOfCall = viewerOf(context);
    const tagsOf = invalidation.begin({ args: call.args, context, viewerOf });
    if (!(await services.mayWrite())) throw unavailable(coordinate);
    const state = (await resolvedMutation(services, call, resolve)) ?? null;
    unheardWithin(state);
    const viewerId = viewerOfCall ?? viewerOf(context);
    const place = policy.locate({ args, viewerId });
    if (place.reason !== undefined) {
      throw new CacheError(
        'CACHE_KEY_WITHOUT_VALUE',
        `${coordinate}: the key of what was written cannot be named (${place.reason}); refuse such calls in the resolver`,
      );
    }
    const { key, others } = place;
    const named = tagsOf(state);
    const write = {
      key,
      state,
      tags: [...others, ...named.tags, ...((await named.later) ?? [])],
      viewer: viewerId ?? null,
      site: policy,
    };
    try {
      const { outcome, boundedBy } = await services.acceptedWrites.accept(write, isOff);
      if (boundedBy !== undefined) services.boundedWrites.note(call.context, boundedBy);
      services.traces.of(call.context)?.record(call.info.path, {
        coordinate,
        pattern,
        key,
        outcome: outcome === 'queued' ? 'QUEUED' : 'WRITTEN',
      });
    } catch (error) {
      if (error instanceof UnstorableValue) throw unstorableWrite(coordinate, error);
      if (!(error instanceof WriteBehindBusy)) throw error;
      policy.counters.busy += 1;
      services.troubles({
        level: 'error',
        message: 'neither the journal nor the database could take a write',
        details: { coordinate, error: textOf(error.cause) },
      });
      throw busy(coordinate, error.mayBeWritten);
    } finally {
      // What follows in this request looks again: with this write others may have changed what it has copies of.
      services.entries.unprove(call.info.variableValues);
    }
    return state;
  };
}

function unstorableWrite(coordinate: string, cause: UnstorableValue): CacheError {
  return new CacheError(
    'CACHE_UNSTORABLE_WRITE',
    `${coordinate}: nothing was written, since what the database would be given later is another state (${cause.message}); return plain values, or register a type in types whose text says all of them`,
    { cause },
  );
}
