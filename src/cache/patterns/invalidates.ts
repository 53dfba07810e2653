// On a write:           the resolver commits, the tags get new generations, then the client is answered.
// When it throws:       refusals (errors made for the client) invalidate nothing; after anything else the write may
//                       have happened, so the tags that need no result are invalidated all the same.
// When the store fails: with onStoreLoss "fail" the write is refused before its resolver runs; otherwise it commits, the
//                       invalidation is retried or left to the relay, and the answer says that it is "bounded".
// What is guaranteed:   once the client is answered without "bounded", no read that starts afterwards returns older data.

import type { TemplateInputs } from '../keys/template.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { CallInfo, FieldCall, Resolve } from './field-call.js';
import type { Services } from './services.js';

/** What a mutation field invalidates. */
export interface InvalidationPolicy {
  readonly coordinate: string;
  readonly counters: FieldCounters;
  readonly usesViewer: boolean;
  /** False for mutations without a directive: they only wait for what triggers wrote down. */
  readonly isDeclared: boolean;
  /** The tags of a call that returned `inputs.result`; those that need a result are left out where it is null. */
  tagsOf(inputs: TemplateInputs): readonly string[];
}

export interface InvalidatesOptions {
  readonly services: Services;
  readonly policy: InvalidationPolicy;
  /** True for errors that were made for the client: the resolver refused, and wrote nothing. */
  readonly isRefusal: (error: unknown) => boolean;
  /** Makes the error that a client is told when a write is refused because the store is away. */
  readonly unavailable: (coordinate: string) => Error;
}

/** Binds a mutation's resolver to its invalidation. */
export function invalidates<Info extends CallInfo>(
  { services, policy, isRefusal, unavailable }: InvalidatesOptions,
  resolve: Resolve<Info>,
): (call: FieldCall<Info>) => Promise<unknown> {
  const inputsOf = (call: FieldCall<Info>, result: unknown): TemplateInputs => ({
    args: call.args,
    viewerId: policy.usesViewer ? services.viewerOf(call.context) : undefined,
    result,
  });
  const acknowledge = async (call: FieldCall<Info>, result: unknown): Promise<void> => {
    const tags = policy.tagsOf(inputsOf(call, result));
    const { applied, consistency } = await services.acknowledge(tags, policy);
    services.entries.unprove(call.info.variableValues);
    if (consistency === 'bounded') services.boundedWrites.note(call.context);
    if (tags.length === 0) return;
    services.traces.of(call.context)?.record(call.info.path, {
      coordinate: policy.coordinate,
      pattern: '@invalidates',
      key: tags.join(' '),
      outcome: applied ? 'INVALIDATED' : 'BYPASS',
      ...(applied ? {} : { reason: 'the store could not apply the invalidation' }),
    });
  };
  return async (call) => {
    if (policy.isDeclared && !(await services.mayWrite())) throw unavailable(policy.coordinate);
    let result: unknown;
    try {
      result = await resolve(call, call.context);
    } catch (error) {
      if (!isRefusal(error)) await acknowledge(call, undefined);
      throw error;
    }
    await acknowledge(call, result);
    return result;
  };
}
