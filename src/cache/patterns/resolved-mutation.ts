import type { CallInfo, FieldCall, Resolve } from '../loads/field-call.js';
import type { Services } from '../loads/services.js';

/**
 * Runs the resolver of a mutation, which may say another tenant, as a sign-in does: what was noted of the context before is
 * then not true of its row, nor of what the request reads below it and after it.
 */
export async function resolvedMutation<Info extends CallInfo>(
  { variants }: Pick<Services, 'variants'>,
  call: FieldCall<Info>,
  resolve: Resolve<Info>,
): Promise<unknown> {
  try {
    return await resolve(call, call.context);
  } finally {
    variants.forget(call.context);
  }
}
