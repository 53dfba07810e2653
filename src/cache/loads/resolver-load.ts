import type { CallInfo, FieldCall, Resolve, ResolverNotes } from './field-call.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';
import type { Load, Services } from './services.js';
import { unlessPending } from './written-behind.js';

/** Makes the loads of a field whose resolver knows what its entries hold. */
export interface ResolverLoads<Info extends CallInfo> {
  /** A load whose value may be stored. */
  begin(call: FieldCall<Info>, place: Located): Load;
  /** A load for one reader alone. */
  beginAlone(call: FieldCall<Info>): Load;
}

/** Binds a policy and the field's resolver. */
export function resolverLoads<Info extends CallInfo>(
  services: Services,
  policy: ReadPolicy,
  resolve: Resolve<Info>,
): ResolverLoads<Info> {
  const beginAlone = (call: FieldCall<Info>): Load => {
    const load = services.contextOfLoad(policy, call.context);
    const notes: ResolverNotes = {};
    return {
      run: () => load.run(() => resolve(call, load.context, notes)),
      touched: load.touched,
      isChecked: services.authorize !== undefined,
      hint: () => notes.hint,
    };
  };
  return {
    begin: (call, { pendingKey }) => {
      const load = beginAlone(call);
      return policy.isWrittenBehind ? unlessPending(services, pendingKey, load) : load;
    },
    beginAlone,
  };
}
