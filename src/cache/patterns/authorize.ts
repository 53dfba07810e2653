import { CacheError, textOf } from '../errors.js';
import { isPromise, ownResult, type MaybePromise } from '../maybe-promise.js';
import type { CallInfo, FieldCall, Resolve } from '../loads/field-call.js';
import { bypassed, type Read } from './serve.js';
import type { Services } from '../loads/services.js';

export interface AuthorizedOptions<Info extends CallInfo> {
  readonly policy: Read['policy'];
  /** The read through the cache. */
  readonly read: (call: FieldCall<Info>) => unknown;
  /** The field's own resolver; undefined where it has none, as with most fields of READ_THROUGH. */
  readonly resolve: Resolve<Info> | undefined;
}

/**
 * Asks `authorize` before the read: hits, stale values, joined loads and what was read ahead all come after it. A reader
 * who is refused gets what the field's own resolver says, as without a cache: nothing is read, joined or stored.
 * Where `authorize` is not set, this is the read itself.
 */
export function authorized<Info extends CallInfo>(
  { authorize, traces }: Pick<Services, 'authorize' | 'traces'>,
  { policy, read, resolve }: AuthorizedOptions<Info>,
): (call: FieldCall<Info>) => unknown {
  if (authorize === undefined) return read;
  const { coordinate, counters } = policy;
  const refuse = (call: FieldCall<Info>): unknown => {
    const trace = traces.of(call.context);
    bypassed({ policy, path: call.info.path, key: undefined, trace, told: call.told }, 'authorize said no');
    if (resolve === undefined) throw forbidden(coordinate);
    counters.loads += 1;
    if (trace !== undefined) trace.loads += 1;
    // Unguarded, as it shares nothing: a check inside the resolver must be able to look at the viewer.
    return ownResult(resolve(call, call.context));
  };
  const decide = (call: FieldCall<Info>, answer: boolean): unknown => {
    if (answer === true) return read(call);
    if (answer === false) return refuse(call);
    throw fault(coordinate, `returned ${nameOf(answer)}; return true or false`);
  };
  return (call) => {
    let answer: MaybePromise<boolean>;
    try {
      answer = authorize(coordinate, call.parent, call.args, call.context);
    } catch (error) {
      throw threw(coordinate, error);
    }
    if (!isPromise(answer)) return decide(call, answer);
    return answer.then(
      (settled) => decide(call, settled),
      (error: unknown) => {
        throw threw(coordinate, error);
      },
    );
  };
}

/** GraphQL hands `extensions` on to the client. */
function forbidden(coordinate: string): Error {
  const error = new CacheError('CACHE_FORBIDDEN', `${coordinate} is not for this viewer.`);
  return Object.assign(error, { extensions: { code: error.code } });
}

function threw(coordinate: string, cause: unknown): CacheError {
  return fault(coordinate, `threw ${textOf(cause)}; return false to refuse a reader`, cause);
}

function fault(coordinate: string, what: string, cause?: unknown): CacheError {
  return new CacheError('CACHE_AUTHORIZE', `${coordinate}: authorize ${what}`, { cause });
}

/** JavaScript may return anything; an answer that is no boolean lets no reader in. */
function nameOf(answer: unknown): string {
  if (answer === null || answer === undefined) return String(answer);
  return typeof answer === 'object' ? 'an object' : `a ${typeof answer}`;
}
