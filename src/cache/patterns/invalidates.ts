// On a write:           the resolver commits, the tags get new generations, then the client is answered.
//                       Arguments, viewer and tenant are taken before the resolver, which may change them.
// When it throws:       refusals (errors made for the client) invalidate nothing; after anything else the write may
//                       have happened, so the tags that need no result are invalidated all the same.
// When the store fails: with onStoreLoss "fail" the write is refused before its resolver runs; otherwise it commits, the
//                       invalidation is retried or left to the relay, and the answer says that it is "bounded".
// What is guaranteed:   once the client is answered without "bounded", no read that starts afterwards returns older data.

import { resolvedMutation } from './resolved-mutation.js';
import { unheardWithin } from '../maybe-promise.js';
import type { Written } from '../coherence/entries.js';
import type { WrittenRow } from '../coherence/fills.js';
import type { CallInfo, FieldCall, Resolve } from '../loads/field-call.js';
import type { InvalidationPolicy, TagsOf } from '../policy/write-policy.js';
import type { Services } from '../loads/services.js';

/** What a write stores besides what it invalidates. */
export interface Storing<Info extends CallInfo> {
  /** Called before the resolver runs; undefined where the call can name no entry. */
  begin(call: FieldCall<Info>): Promise<StoringWrite | undefined>;
}

/** What a write invalidates, its own key included. */
export interface Ended {
  readonly tags: readonly string[];
  /** Those of them that `@invalidates` names. */
  readonly named: readonly string[];
}

/** `isApplied` false where the store did not invalidate it. */
interface Invalidation extends Ended {
  readonly isApplied: boolean;
}

/** What the key of a write means. */
interface NamedByKey {
  /** The row of which the result tells the version; undefined where it is another one. */
  readonly row: string | undefined;
  /** Invalidated with the others, before anything is stored. */
  readonly tags: readonly string[];
}

/** One write that may store its row. */
export interface StoringWrite {
  /** What it names by itself. Called once the resolver has ended, which may have said another viewer or tenant. */
  named(): NamedByKey;
  /** The version of the row that the resolver returned; undefined where it has none. */
  versionOf(result: unknown): number | undefined;
  /** The row to be stored, where these are all the tags that end; undefined where it shall not be. */
  written(result: unknown, ended: Ended): WrittenRow | undefined;
  /** Stores the row where that is left to be done, once everything is invalidated, or it is known that it is not. Never rejects. */
  end(result: unknown, invalidation: Invalidation): Promise<void>;
}

export interface InvalidatesOptions<Info extends CallInfo = CallInfo> {
  readonly services: Services;
  readonly policy: InvalidationPolicy;
  /** True for errors that were made for the client: the resolver refused, and wrote nothing. */
  readonly isRefusal: (error: unknown) => boolean;
  /** Makes the error that a client is told when a write is refused because the store is away. */
  readonly unavailable: (coordinate: string) => Error;
  readonly storing?: Storing<Info> | undefined;
}

/** One call, under way. */
interface Write<Info extends CallInfo> {
  readonly call: FieldCall<Info>;
  readonly tagsOf: TagsOf;
  readonly stored: StoringWrite | undefined;
}

interface Acknowledged extends Pick<Invalidation, 'isApplied'> {
  /** Whether the store has invalidated them, whatever else they wait for. */
  readonly applied: boolean;
}

const NO_KEY: NamedByKey = Object.freeze({ row: undefined, tags: [] });

/** Binds a mutation's resolver to its invalidation. */
export function invalidates<Info extends CallInfo>(
  { services, policy, isRefusal, unavailable, storing }: InvalidatesOptions<Info>,
  resolve: Resolve<Info>,
): (call: FieldCall<Info>) => Promise<unknown> {
  const acknowledge = async (
    { call, tagsOf, stored }: Write<Info>,
    result: unknown,
  ): Promise<Invalidation> => {
    const { tags: atOnce, later } = tagsOf(result);
    const { row, tags: byKey } = stored?.named() ?? NO_KEY;
    const tags = byKey.length === 0 ? atOnce : [...new Set([...byKey, ...atOnce])];
    const version = row === undefined ? undefined : stored?.versionOf(result);
    const written =
      row === undefined || version === undefined
        ? undefined
        : {
            versions: new Map([[row, version]]),
            row: later === undefined ? stored?.written(result, { tags, named: atOnce }) : undefined,
          };
    const [first, afterwards] = await Promise.all([acknowledgeTags(call, tags, written), later]);
    if (afterwards === undefined || afterwards.length === 0)
      return told(call, { ...first, tags, named: atOnce });
    // The write is in the database, so the tags that are known did not wait for these.
    const second = await acknowledgeTags(call, afterwards);
    return told(call, {
      applied: first.applied && second.applied,
      isApplied: first.isApplied && second.isApplied,
      tags: [...tags, ...afterwards],
      named: [...atOnce, ...afterwards],
    });
  };
  const acknowledgeTags = async (
    call: FieldCall<Info>,
    tags: readonly string[],
    written?: Written,
  ): Promise<Acknowledged> => {
    const { applied, boundedBy } = await services.acknowledge(tags, policy, written);
    services.entries.unprove(call.info.variableValues);
    if (boundedBy !== undefined) services.boundedWrites.note(call.context, boundedBy);
    // What other regions have not applied keeps nothing out of the store of this one.
    return { applied, isApplied: boundedBy === undefined || boundedBy === 'regions' };
  };
  const told = (
    call: FieldCall<Info>,
    { applied, ...invalidation }: Acknowledged & Invalidation,
  ): Invalidation => {
    const { named } = invalidation;
    if (named.length > 0) {
      services.traces.of(call.context)?.record(call.info.path, {
        coordinate: policy.coordinate,
        pattern: '@invalidates',
        key: policy.shown(named.join(' ')),
        outcome: applied ? 'INVALIDATED' : 'BYPASS',
        ...(applied ? {} : { reason: 'the store could not apply the invalidation' }),
      });
    }
    return invalidation;
  };
  return async (call) => {
    const { args, context } = call;
    const tagsOf = policy.begin({ args, context, viewerOf: services.viewerOf });
    const isBound = policy.isDeclared || storing !== undefined;
    if (isBound && !(await services.mayWrite())) throw unavailable(policy.coordinate);
    const stored = await storing?.begin(call);
    const write = { call, tagsOf, stored };
    let result: unknown;
    try {
      result = await resolvedMutation(services, call, resolve);
    } catch (error) {
      if (!isRefusal(error)) await acknowledge(write, undefined);
      throw error;
    }
    unheardWithin(result);
    const invalidation = await acknowledge(write, result);
    await stored?.end(result, invalidation);
    return result;
  };
}
