// On hit:               the entry's value, at once; for a list, all elements from one store read.
// On miss:              the engine asks the namespace's origin, once for all ids that one tick is missing.
// When the store fails: the origin is asked, still once per id; nothing is stored.
// What is guaranteed:   after a write is acknowledged, no read that starts afterwards returns older data;
//                       N fields of one level cost at most one store read and one load(ids).

import { asError } from '../errors.js';
import { isPromise } from '../maybe-promise.js';
import type { TemplateInputs } from '../keys/template.js';
import type { Trace } from '../metrics/trace.js';
import { valueOf, type Found } from '../coherence/entry-field.js';
import { causeOf } from '../loads/abandoned-load.js';
import { requestOf, type FieldCall } from '../loads/field-call.js';
import type { OriginLoads } from '../loads/origin-loads.js';
import type { Located, ReadPolicy, Unlocated } from '../policy/read-policy.js';
import { arePlainHits, bypassed, isHit, isPlainHit, nullWithout, serve, type LoadFor } from './serve.js';
import type { NoteHit, Services } from '../loads/services.js';
import { hitGiver, type GiveHit, type ValueFor } from '../loads/give-hit.js';

export interface ReadThroughOptions {
  readonly policy: ReadPolicy;
  readonly loads: OriginLoads;
  /** What a reader is given of a hit, of one element where the field is a list of entries; a copy if not said. */
  readonly valueFor?: ValueFor<FieldCall> | undefined;
}

/** Binds a policy and its origin into the cached resolver. */
export function readThrough(
  services: Services,
  { policy, loads, valueFor = valueOf }: ReadThroughOptions,
): (call: FieldCall) => unknown {
  const { counters, elementsOf } = policy;
  const noteHit = services.shadow?.watch<FieldCall>(policy, ({ context }, place) =>
    loads.beginApart(policy, place.id, context),
  );
  const give = hitGiver(noteHit, valueFor);
  const field: Field = { services, policy, loads, valueFor, noteHit, give };
  return (call) => {
    const trace = services.traces.of(call.context);
    if (call.ahead !== undefined) {
      const { place, found } = call.ahead;
      if (!isPlainHit(counters, found, trace ?? call.told))
        return answer({ field, call, trace }, place, found);
      call.timed?.end();
      return give(found, place, call);
    }
    const viewerId = policy.usesViewer ? services.viewerOf(call.context) : undefined;
    const variant = policy.variantOf?.(call.context);
    const inputs = { args: call.args, parent: call.parent, viewerId, variant };
    if (elementsOf !== undefined) return readMany({ field, call, trace }, inputs);
    const place = policy.locate(inputs);
    if (place.reason !== undefined) return withoutEntry({ field, call, trace }, place);
    const found = services.entries.findOne(policy, place, trace, requestOf(call.info));
    // Nothing is allocated for a hit in a request that is not traced.
    if (!isPromise(found) && isPlainHit(counters, found, trace ?? call.told)) {
      call.timed?.end();
      return give(found, place, call);
    }
    const reading = { field, call, trace };
    return isPromise(found)
      ? found.then((entry) => answer(reading, place, entry))
      : answer(reading, place, found);
  };
}

/** What is the same for all calls of a field. */
interface Field {
  readonly services: Services;
  readonly policy: ReadPolicy;
  readonly loads: OriginLoads;
  readonly valueFor: ValueFor<FieldCall>;
  readonly noteHit: NoteHit<FieldCall> | undefined;
  readonly give: GiveHit<FieldCall>;
}

/** One call of a field, with everything that is needed to answer it. Small, as it is made for every call that is no hit. */
interface Reading {
  readonly field: Field;
  readonly call: FieldCall;
  readonly trace: Trace | undefined;
}

function answer(reading: Reading, place: Located, found: Found | undefined, element?: number): unknown {
  const { field, call, trace } = reading;
  const { services, policy, loads, noteHit, give } = field;
  if (isPlainHit(policy.counters, found, trace ?? call.told)) {
    call.timed?.end();
    return give(found, place, call);
  }
  if (noteHit !== undefined && isHit(found)) noteHit(found, place, call);
  const { info, told } = call;
  const { key, row } = place;
  const read = { policy, path: info.path, key, row, trace, told, element };
  const load: LoadFor = (refreshing = {}) => {
    const within = services.loads.aroundReader(refreshing);
    return loads.load({ field: policy, address: place, trace, within, ...refreshing }, call.context);
  };
  return serve(services, read, found, load);
}

function readMany(reading: Reading, inputs: TemplateInputs): unknown {
  const { field, call, trace } = reading;
  const { services, policy } = field;
  const elements = policy.elementsOf?.(inputs);
  if (elements === undefined) {
    const { info, told } = call;
    return nullWithout({ policy, path: info.path, key: undefined, trace, told }, 'the list is null');
  }
  const places = elements.map((element) => policy.locate(inputs, element));
  const located = places.filter((place): place is Located => place.reason === undefined);
  const isWhole = located.length === places.length && field.noteHit === undefined;
  const answerAll = (found: readonly (Found | undefined)[]): unknown => {
    if (isWhole && arePlainHits(policy.counters, found, trace ?? call.told)) {
      call.timed?.end();
      return found.map((one) => field.valueFor(one, call));
    }
    let next = 0;
    let isPending = false;
    const values = places.map((place, element) => {
      const value =
        place.reason === undefined
          ? answer(reading, place, found[next++], element)
          : withoutEntry(reading, place, element);
      isPending ||= isPromise(value);
      return value;
    });
    return isPending ? Promise.all(values.map(errorAsElement)) : values;
  };
  if (located.length === 0) return answerAll([]);
  const found = services.entries.find(policy, located, trace, requestOf(call.info));
  return isPromise(found) ? found.then(answerAll) : answerAll(found);
}

/** Null where there is no id; otherwise the origin is asked for this reader alone. */
function withoutEntry(reading: Reading, { reason, id }: Unlocated, element?: number): unknown {
  const { field, call, trace } = reading;
  const { policy, loads } = field;
  const read = { policy, path: call.info.path, key: undefined, trace, told: call.told, element };
  if (id === undefined) return nullWithout(read, reason);
  bypassed(read, reason);
  const wanted = { field: policy, address: { key: '', tags: [], id, others: [], pendingKey: '' }, trace };
  return loads.loadAlone(wanted, call.context).then(
    ({ value }) => value,
    (error: unknown) => {
      throw causeOf(error);
    },
  );
}

/** GraphQL reports an Error inside a list at the place of its element; a rejection would void the whole list. */
async function errorAsElement(value: unknown): Promise<unknown> {
  try {
    return await value;
  } catch (error) {
    return asError(error);
  }
}
