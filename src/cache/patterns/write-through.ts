// On a write:           the resolver commits and returns the row; the engine invalidates what the write means, then stores
//                       the row under its key, and then the client is answered.
// When it throws:       refusals (errors made for the client) change nothing; after anything else the key is invalidated.
// When the store fails: the write commits, nothing is stored, and the answer says "bounded" until the invalidation is applied.
// What is guaranteed:   the next read of the key, in any process, sees this write or a newer one, and hits where the row was stored.

import type { CallInfo, FieldCall, Resolve } from '../loads/field-call.js';
import { invalidates, type InvalidatesOptions } from './invalidates.js';
import { storedWrite } from './stored-write.js';
import type { WritePolicy } from '../policy/write-policy.js';

/** Binds a mutation's resolver, which returns the row it has committed with its `version`; switched off, it only invalidates. */
export function writeThrough<Info extends CallInfo>(
  { isOff, ...options }: InvalidatesOptions<Info> & { readonly isOff: boolean },
  policy: WritePolicy,
  resolve: Resolve<Info>,
): (call: FieldCall<Info>) => Promise<unknown> {
  const storing = storedWrite<Info>(options.services, policy, { stores: isOff ? 'never' : 'always' });
  return invalidates({ ...options, storing }, resolve);
}
