// On hit:               the entry's value, at once.
// On miss:              the field's resolver runs, once per key and generations; what it returns is stored.
// When the store fails: the resolver runs, still once per key; nothing is stored.
// What is guaranteed:   after a write is acknowledged, no read that starts afterwards returns older data.

import { isPromise, ownResult } from '../maybe-promise.js';
import { channels } from '../diagnostics/channels.js';
import type { LoadMessage } from '../diagnostics/messages.js';
import type { Trace } from '../metrics/trace.js';
import type { Found } from '../coherence/entry-field.js';
import { callerOf } from '../loads/abandoned-load.js';
import { requestOf, type CallInfo, type FieldCall, type Resolve } from '../loads/field-call.js';
import { loadOnce } from '../loads/load-once.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';
import { toldLoad } from '../loads/told-load.js';
import { resolverLoads } from '../loads/resolver-load.js';
import { bypassed, isHit, isPlainHit, serve, type LoadFor } from './serve.js';
import type { Services } from '../loads/services.js';
import { hitGiver, type ValueFor } from '../loads/give-hit.js';

type Answer<Info extends CallInfo> = (
  call: FieldCall<Info>,
  place: Located,
  found: Found | undefined,
  trace: Trace | undefined,
) => unknown;

export interface CacheAsideOptions<Info extends CallInfo> {
  readonly policy: ReadPolicy;
  /** The field's own resolver. */
  readonly resolve: Resolve<Info>;
  /** Told of every read, before it is answered. */
  readonly onRead?: (key: string, args: FieldCall<Info>['args']) => void;
  /** What a reader is given of a hit; a copy if not said. */
  readonly valueFor?: ValueFor<FieldCall<Info>> | undefined;
}

/** Binds a policy and the field's resolver into the cached resolver. */
export function cacheAside<Info extends CallInfo>(
  services: Services,
  { policy, resolve, onRead, valueFor }: CacheAsideOptions<Info>,
): (call: FieldCall<Info>) => unknown {
  const loads = resolverLoads(services, policy, resolve);
  const noteHit = services.shadow?.watch<FieldCall<Info>>(policy, loads.beginAlone);
  const give = hitGiver(noteHit, valueFor);
  const answer: Answer<Info> = (call, place, found, trace) => {
    if (isPlainHit(policy.counters, found, trace ?? call.told, call.onHint)) {
      call.timed?.end();
      return give(found, place, call);
    }
    if (noteHit !== undefined && isHit(found)) noteHit(found, place, call);
    const load: LoadFor = (refreshing) =>
      loadOnce(services, {
        field: policy,
        place,
        trace,
        ...refreshing,
        caller: callerOf(call.context),
        begin: () => loads.begin(call, place),
      });
    const { info, onHint, told } = call;
    const { key, row } = place;
    return serve(services, { policy, path: info.path, key, row, trace, told, onHint }, found, load);
  };
  return (call) => {
    const { path } = call.info;
    const trace = services.traces.of(call.context);
    if (call.ahead !== undefined) return answer(call, call.ahead.place, call.ahead.found, trace);
    const viewerId = policy.usesViewer ? services.viewerOf(call.context) : undefined;
    const variant = policy.variantOf?.(call.context);
    const place = policy.locate({ args: call.args, parent: call.parent, viewerId, variant });
    if (place.reason !== undefined) {
      bypassed({ policy, path, key: undefined, trace, told: call.told }, place.reason);
      policy.counters.loads += 1;
      if (trace !== undefined) trace.loads += 1;
      const message: LoadMessage | undefined = channels.load.hasSubscribers
        ? { coordinates: [policy.coordinate], entries: 0, cause: 'read' }
        : undefined;
      return ownResult(toldLoad(message, loads.beginAlone(call).run));
    }
    if (onRead !== undefined) {
      onRead(place.key, call.args);
      trace?.onEachRead(() => onRead(place.key, call.args));
    }
    const found = services.entries.findOne(policy, place, trace, requestOf(call.info));
    return isPromise(found)
      ? found.then((entry) => answer(call, place, entry, trace))
      : answer(call, place, found, trace);
  };
}
