// On a write:           the resolver commits, the tags get new generations, then the client is answered.
// When it throws:       refusals (errors made for the client) invalidate nothing; after anything else the write may
//                       have happened, so the tags that need no result are invalidated all the same.
// When the store fails: the invalidation is retried, then counted and logged; the mutation is answered.
// What is guaranteed:   once the client is answered, no read that starts afterwards returns older data.

import type { TemplateInputs } from '../keys/template.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import type { Invalidate } from '../tags/invalidation.js';
import type { CallInfo, FieldCall, Resolve } from './field-call.js';
import type { Services } from './services.js';

/** What a mutation field invalidates. */
export interface InvalidationPolicy {
  readonly coordinate: string;
  readonly counters: FieldCounters;
  readonly usesViewer: boolean;
  /** The tags of a call that returned `inputs.result`; those that need a result are left out where it is null. */
  tagsOf(inputs: TemplateInputs): readonly string[];
}

export interface InvalidatesOptions {
  readonly services: Services;
  readonly policy: InvalidationPolicy;
  readonly invalidate: Invalidate;
  /** True for errors that were made for the client: the resolver refused, and wrote nothing. */
  readonly isRefusal: (error: unknown) => boolean;
}

/** Binds a mutation's resolver to its invalidation. */
export function invalidates<Info extends CallInfo>(
  { services, policy, invalidate, isRefusal }: InvalidatesOptions,
  resolve: Resolve<Info>,
): (call: FieldCall<Info>) => Promise<unknown> {
  const inputsOf = (call: FieldCall<Info>, result: unknown): TemplateInputs => ({
    args: call.args,
    viewerId: policy.usesViewer ? services.viewerOf(call.context) : undefined,
    result,
  });
  return async (call) => {
    let result: unknown;
    try {
      result = await resolve(call, call.context);
    } catch (error) {
      if (!isRefusal(error)) await invalidate(policy.tagsOf(inputsOf(call, undefined)), policy);
      throw error;
    }
    const tags = policy.tagsOf(inputsOf(call, result));
    const applied = await invalidate(tags, policy);
    services.traces.of(call.context)?.record(call.info.path, {
      coordinate: policy.coordinate,
      pattern: '@invalidates',
      key: tags.join(' '),
      outcome: applied ? 'INVALIDATED' : 'BYPASS',
      ...(applied ? {} : { reason: 'the store could not apply the invalidation' }),
    });
    return result;
  };
}
