// On hit:               the entry's value, at once.
// On miss:              the field's resolver runs, once per key and generations; what it returns is stored.
// When the store fails: the resolver runs, still once per key; nothing is stored.
// What is guaranteed:   after a write is acknowledged, no read that starts afterwards returns older data.

import { isPromise } from '../maybe-promise.js';
import type { Trace } from '../metrics/trace.js';
import type { Found } from '../tags/entry-field.js';
import type { CallInfo, FieldCall, Resolve } from './field-call.js';
import { loadOnce, type Load } from './load-once.js';
import type { Located, ReadPolicy } from './read-policy.js';
import { bypassed, isPlainHit, serve, type LoadFor } from './serve.js';
import type { Services } from './services.js';

type Answer<Info extends CallInfo> = (
  call: FieldCall<Info>,
  place: Located,
  found: Found | undefined,
  trace: Trace | undefined,
) => unknown;

/** Binds a policy and the field's resolver into the cached resolver. */
export function cacheAside<Info extends CallInfo>(
  services: Services,
  policy: ReadPolicy,
  resolve: Resolve<Info>,
): (call: FieldCall<Info>) => unknown {
  const beginLoad = (call: FieldCall<Info>): Load => {
    const { context, touched } = services.contextOfLoad(policy.scope, call.context, policy.coordinate);
    return { run: () => resolve(call, context), touched };
  };
  /** Of what is written behind, the latest is in the journal until the database has it. */
  const beginPendingLoad = (call: FieldCall<Info>, { key }: Located): Load => {
    const load = beginLoad(call);
    let isPending = false;
    const run = async (): Promise<unknown> => {
      const [pending] = await services.acceptedWrites.pendingOf([key]);
      isPending = pending !== undefined;
      return pending === undefined ? load.run() : pending.state;
    };
    return { run, touched: load.touched, isPending: () => isPending };
  };
  const begin = (call: FieldCall<Info>, place: Located): Load =>
    policy.isWrittenBehind ? beginPendingLoad(call, place) : beginLoad(call);
  const answer: Answer<Info> = (call, place, found, trace) => {
    if (isPlainHit(policy.counters, found, trace)) return found.value;
    const load: LoadFor = (isRefresh) =>
      loadOnce(services, { field: policy, place, trace, isRefresh, begin: () => begin(call, place) });
    return serve(services, { policy, path: call.info.path, key: place.key, trace }, found, load);
  };
  return (call) => {
    const { path } = call.info;
    const trace = services.traces.of(call.context);
    if (call.ahead !== undefined) return answer(call, call.ahead.place, call.ahead.found, trace);
    const viewerId = policy.usesViewer ? services.viewerOf(call.context) : undefined;
    const place = policy.locate({ args: call.args, parent: call.parent, viewerId });
    if (place.reason !== undefined) {
      bypassed({ policy, path, key: undefined, trace }, place.reason);
      policy.counters.loads += 1;
      if (trace !== undefined) trace.loads += 1;
      return beginLoad(call).run();
    }
    const found = services.entries.findOne(policy, place, trace, call.info.variableValues);
    return isPromise(found)
      ? found.then((entry) => answer(call, place, entry, trace))
      : answer(call, place, found, trace);
  };
}
