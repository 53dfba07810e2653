// On hit:               the entry's value, at once; for a list, all elements from one store read.
// On miss:              the engine asks the namespace's origin, once for all ids that one tick is missing.
// When the store fails: the origin is asked, still once per id; nothing is stored.
// What is guaranteed:   after a write is acknowledged, no read that starts afterwards returns older data;
//                       N fields of one level cost at most one store read and one load(ids).

import { isPromise } from '../maybe-promise.js';
import type { TemplateInputs } from '../keys/template.js';
import type { Trace } from '../metrics/trace.js';
import type { Found } from '../tags/entry-field.js';
import type { FieldCall } from './field-call.js';
import type { OriginLoads } from './origin-loads.js';
import type { Located, ReadPolicy, Unlocated } from './read-policy.js';
import { bypassed, serve, type LoadFor, type Read } from './serve.js';
import type { Services } from './services.js';

/** Binds a policy and its origin into the cached resolver. */
export function readThrough(
  services: Services,
  policy: ReadPolicy,
  loads: OriginLoads,
): (call: FieldCall) => unknown {
  const { elementsOf } = policy;
  const readOne = oneEntry(services, policy, loads);
  const readMany = elementsOf === undefined ? undefined : manyEntries(services, policy, loads);
  return (call) => {
    const trace = services.traces.of(call.context);
    if (call.ahead !== undefined) {
      const { place, found } = call.ahead;
      const read = { policy, path: call.info.path, key: place.key, trace };
      return serve(services, read, found, loading({ policy, loads, call, trace }, place));
    }
    const viewerId = policy.usesViewer ? services.viewerOf(call.context) : undefined;
    const inputs = { args: call.args, parent: call.parent, viewerId };
    return readMany === undefined ? readOne(call, inputs, trace) : readMany(call, inputs, trace);
  };
}

type ReadWith = (call: FieldCall, inputs: TemplateInputs, trace: Trace | undefined) => unknown;

function oneEntry(services: Services, policy: ReadPolicy, loads: OriginLoads): ReadWith {
  return (call, inputs, trace) => {
    const place = policy.locate(inputs);
    if (place.reason !== undefined) {
      const read = { policy, path: call.info.path, key: undefined, trace };
      return withoutEntry(read, { policy, loads, call, trace }, place);
    }
    const load = loading({ policy, loads, call, trace }, place);
    const read = { policy, path: call.info.path, key: place.key, trace };
    const found = services.entries.findOne(policy, place, trace);
    return isPromise(found)
      ? found.then((entry) => serve(services, read, entry, load))
      : serve(services, read, found, load);
  };
}

function manyEntries(services: Services, policy: ReadPolicy, loads: OriginLoads): ReadWith {
  return (call, inputs, trace) => {
    const { path } = call.info;
    const elements = policy.elementsOf?.(inputs);
    if (elements === undefined) {
      bypassed({ policy, path, key: undefined, trace }, 'the list is null');
      return null;
    }
    const places = elements.map((element) => policy.locate(inputs, element));
    const located = places.filter((place): place is Located => place.reason === undefined);
    const asked = { policy, loads, call, trace };
    const answer = (found: readonly (Found | undefined)[]): unknown => {
      let next = 0;
      const values = places.map((place, element) => {
        if (place.reason !== undefined) {
          return withoutEntry({ policy, path, key: undefined, trace, element }, asked, place);
        }
        const read = { policy, path, key: place.key, trace, element };
        return serve(services, read, found[next++], loading(asked, place));
      });
      return values.some(isPromise) ? Promise.all(values.map(errorAsElement)) : values;
    };
    const found = services.entries.find(policy, located, trace);
    return isPromise(found) ? found.then(answer) : answer(found);
  };
}

interface Asking {
  readonly policy: ReadPolicy;
  readonly loads: OriginLoads;
  readonly call: FieldCall;
  readonly trace: Trace | undefined;
}

/** Asks the origin for one entry of a call. */
function loading({ policy, loads, call, trace }: Asking, place: Located): LoadFor {
  return (isRefresh) => loads.load({ field: policy, address: place, trace, isRefresh }, call.context);
}

/** Null where there is no id; otherwise the origin is asked for this reader alone. */
function withoutEntry(
  read: Read,
  { policy, loads, call, trace }: Asking,
  { reason, id }: Unlocated,
): unknown {
  bypassed(read, reason);
  if (id === undefined) return null;
  const wanted = { field: policy, address: { key: '', tags: [], id }, trace };
  return loads.loadAlone(wanted, call.context).then(({ value }) => value);
}

/** GraphQL reports an Error inside a list at the place of its element; a rejection would void the whole list. */
async function errorAsElement(value: unknown): Promise<unknown> {
  try {
    return await value;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
