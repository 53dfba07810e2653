import { UNKNOWN_HINT } from '../codec/entry.js';
import type { PendingState } from '../journal/accepted-writes.js';
import type { CallInfo, FieldCall, Resolve, ResolverNotes } from './field-call.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';
import type { Load, Services } from './services.js';

/** Makes the loads of a field whose resolver knows what its entries hold. */
export interface ResolverLoads<Info extends CallInfo> {
  /** A load whose value may be stored. */
  begin(call: FieldCall<Info>, place: Located): Load;
  /** A load for one reader alone. */
  beginAlone(call: FieldCall<Info>): Load;
}

type ResolverLoad = Load & Required<Pick<Load, 'hint'>>;

/** Binds a policy and the field's resolver. */
export function resolverLoads<Info extends CallInfo>(
  services: Services,
  policy: ReadPolicy,
  resolve: Resolve<Info>,
): ResolverLoads<Info> {
  const beginAlone = (call: FieldCall<Info>): ResolverLoad => {
    const load = services.contextOfLoad(policy, call.context);
    const notes: ResolverNotes = {};
    return {
      run: () => load.run(() => resolve(call, load.context, notes)),
      touched: load.touched,
      isChecked: services.authorize !== undefined,
      hint: () => notes.hint,
    };
  };
  /** Of what is written behind, the latest is in the journal until the database has it. */
  const beginPending = (call: FieldCall<Info>, { key }: Located): Load => {
    const load = beginAlone(call);
    let found: PendingState['outcome'] = 'none';
    const run = async (): Promise<unknown> => {
      const [pending] = await services.acceptedWrites.pendingOf([key]);
      found = pending?.outcome ?? 'unknown';
      return pending?.outcome === 'pending' ? pending.state : load.run();
    };
    return {
      ...load,
      run,
      isPending: () => found === 'pending',
      isUnsure: () => found === 'unknown',
      hint: () => (found === 'pending' ? UNKNOWN_HINT : load.hint()),
    };
  };
  return {
    begin: (call, place) => (policy.isWrittenBehind ? beginPending(call, place) : beginAlone(call)),
    beginAlone,
  };
}
