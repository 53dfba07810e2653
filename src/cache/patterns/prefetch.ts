// On hit:               the entry's value, at once; it was loaded before a client asked, and is refreshed before it expires.
// On miss:              as CACHE_ASIDE: the field's resolver runs, once per key and generations.
// When the store fails: as CACHE_ASIDE; nothing is kept warm until the store is back.
// What is guaranteed:   as CACHE_ASIDE, and no request waits for a scheduled refresh; one process refreshes, the others do
//                       not; what is kept warm is loaded again at once when one of its tags is invalidated.

import { CacheError } from '../errors.js';
import { callerOf } from '../loads/abandoned-load.js';
import { cacheAside } from './cache-aside.js';
import type { CallInfo, FieldCall, Resolve } from '../loads/field-call.js';
import { loadOnce } from '../loads/load-once.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import { resolverLoads } from '../loads/resolver-load.js';
import type { Services } from '../loads/services.js';
import type { ValueFor } from '../loads/give-hit.js';
import type { KeepWarm } from '../warm/keep-warm.js';
import type { WarmArguments } from '../warm/warm-field.js';

export interface PrefetchOptions<Info extends CallInfo> {
  readonly policy: ReadPolicy;
  /** The field's own resolver. */
  readonly resolve: Resolve<Info>;
  readonly keepWarm: KeepWarm;
  /** Names the field and the types of its arguments: argument sets that were counted under another name are not for it. */
  readonly signature: string;
  /** The arguments as a resolver gets them, made of what a client could write. */
  readonly argumentsOf: (given: unknown) => WarmArguments;
  /** A call of the field as GraphQL would make it. */
  readonly callOf: (args: FieldCall['args'], context: unknown) => FieldCall<Info>;
  /** What a reader is given of a hit; a copy if not said. */
  readonly valueFor?: ValueFor<FieldCall<Info>> | undefined;
}

/** What is loaded for one variant must not be stored for another. */
function otherVariant(coordinate: string): CacheError {
  return new CacheError(
    'CACHE_VARY',
    `${coordinate}: backgroundContext made a context of another variant than it was asked for; make it of the values that it is given`,
  );
}

/** Binds a policy and the field's resolver into the cached resolver, and hands its entries over to be kept warm. */
export function prefetch<Info extends CallInfo>(
  services: Services,
  { policy, resolve, keepWarm, signature, argumentsOf, callOf, valueFor }: PrefetchOptions<Info>,
): (call: FieldCall<Info>) => unknown {
  const loads = resolverLoads(services, policy, resolve);
  const { noteRead } = keepWarm.add({
    policy,
    signature,
    argumentsOf,
    load: ({ args, variant, place, found, context }) => {
      if (policy.variantOf?.(context).text !== variant?.text) throw otherVariant(policy.coordinate);
      const begin = () => loads.begin(callOf(args, context), place);
      const caller = callerOf(context);
      const load = { field: policy, place, trace: undefined, refreshes: found, isWarm: true, caller, begin };
      return loadOnce(services, load);
    },
  });
  return cacheAside(services, { policy, resolve, onRead: noteRead, valueFor });
}
