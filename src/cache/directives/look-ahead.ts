import type { FieldNode, GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo } from 'graphql';
import type { TemplateInputs } from '../keys/template.js';
import { isPromise, ownResultWaits, type MaybePromise } from '../maybe-promise.js';
import { createObjectNotes } from '../object-notes.js';
import { requestOf, type AheadRead, type FieldCall } from '../loads/field-call.js';
import type { Mark } from '../coherence/process-copies.js';
import type { Found } from '../coherence/entry-field.js';
import type { ReadPolicy } from '../policy/read-policy.js';
import type { Services } from '../loads/services.js';
import type { ViewerOf } from '../vary/viewer-id.js';
import {
  canBeForeseen,
  foreseenBelow,
  objectsAt,
  objectTypeOf,
  selectedBelow,
  type Child,
  type Foreseen,
  type SelectedBelow,
} from './foreseen.js';
import { ForeseenPlaces } from './foreseen-places.js';

/** What was read ahead for one field of all objects, by their place among them. */
interface ReadsOfChild {
  readonly policy: ReadPolicy;
  /** Where each object stands, for objects that are not the elements of the list itself. */
  readonly placeOf: ReadonlyMap<unknown, number> | undefined;
  readonly places: ForeseenPlaces;
  readonly found: readonly (Found | undefined)[];
  /** From before they were found. */
  readonly mark: Mark;
}

type ReadsBelow = Map<FieldNode, ReadsOfChild>;

/** What was foreseen below a field, and the fragments that it follows from. */
interface KnownBelow extends Pick<SelectedBelow, 'fragments'> {
  readonly foreseen: readonly Foreseen[];
}

/** A call that may be answered by what was read ahead. */
type Call = Pick<FieldCall<GraphQLResolveInfo>, 'parent' | 'args' | 'context' | 'info'>;

/** What the entries of one request depend on besides. */
type Reader = Pick<TemplateInputs, 'viewerId' | 'variant'>;

const ALL: Reader = Object.freeze({ viewerId: undefined, variant: undefined });

/**
 * Reads what the fields below a value will ask for, all at once and before the value is handed on: so that they answer
 * with values. A promise per field costs GraphQL several times what the field itself does. It looks through lists, and
 * through objects in them that are mere properties, as the `edges { node { … } }` of a connection.
 */
export class LookAhead {
  readonly #services: Services;
  readonly #policies: ReadonlyMap<string, ReadPolicy>;
  // A document is parsed once for many requests, and one field of it can return values of different types.
  readonly #foreseen = new WeakMap<FieldNode, Map<GraphQLObjectType, KnownBelow>>();
  // By the path object of the field, which belongs to one place in one execution, and is found from nowhere else.
  readonly #reads = createObjectNotes<ReadsBelow>();
  /** Fields that were read ahead from further above than from their own list. */
  readonly #fromAfar = new WeakSet<FieldNode>();

  constructor(services: Services, policies: ReadonlyMap<string, ReadPolicy>) {
    this.#services = services;
    this.#policies = policies;
  }

  /** True where a field of this type leads to many objects with cached fields. */
  isForeseeable(type: GraphQLOutputType): boolean {
    return canBeForeseen(type, this.#policies);
  }

  /**
   * What was read ahead for this call of a field; undefined where it asks for another entry than was foreseen. What was
   * read for another policy is refused.
   */
  of(policy: ReadPolicy, call: Call): AheadRead | undefined {
    const { path, fieldNodes } = call.info;
    const [node] = fieldNodes;
    const list = path.prev?.prev;
    if (list === undefined || node === undefined) return undefined;
    const index = path.prev?.key;
    const ofList = this.#reads.get(list)?.get(node);
    if (typeof index === 'number' && ofList !== undefined && ofList.placeOf === undefined)
      return this.#given(policy, ofList, call, index);
    if (!this.#fromAfar.has(node)) return undefined;
    for (let above: typeof path | undefined = list; above !== undefined; above = above.prev) {
      const reads = this.#reads.get(above)?.get(node);
      // Only the very object that was seen then: whatever else stands there by now reads for itself.
      const at = reads?.placeOf?.get(call.parent);
      if (reads !== undefined && at !== undefined) return this.#given(policy, reads, call, at);
    }
    return undefined;
  }

  #given(policy: ReadPolicy, reads: ReadsOfChild, call: Call, at: number): AheadRead | undefined {
    const place = reads.places.placeFor(call, at);
    // Code around the cache may have written since, and waited for it.
    if (place === undefined || !this.#services.entries.isUntouchedSince(reads.mark, place)) return undefined;
    // Made for the call, and gone with it: what lives as long as the list would have to be moved by the garbage collector.
    if (reads.policy === policy) return { policy, place, found: reads.found[at] };
    this.#services.refuse(policy, `what was read ahead for ${reads.policy.coordinate} reached it`);
    return undefined;
  }

  /** Hands on the value once the reads below it are there. */
  handOn(value: unknown, context: unknown, info: GraphQLResolveInfo): unknown {
    if (isPromise(value)) return value.then((settled) => this.handOn(settled, context, info));
    if (!isObject(value)) return value;
    const ready = this.#read(value, context, info);
    if (!isPromise(ready)) return value;
    ownResultWaits(value);
    return ready.then(() => value);
  }

  #read(value: unknown, context: unknown, info: GraphQLResolveInfo): MaybePromise<unknown> {
    const foreseen = this.#foreseenBelow(info);
    if (foreseen.length === 0) return undefined;
    const reads: ReadsBelow = new Map();
    this.#reads.set(info.path, reads);
    const pending: PromiseLike<void>[] = [];
    for (const { way, children } of foreseen) {
      const isOwn = way === undefined && Array.isArray(value);
      const parents: readonly unknown[] | undefined = isOwn ? value : objectsIn(value, way ?? []);
      if (parents === undefined) continue;
      const placeOf = isOwn ? undefined : new Map(parents.map((parent, at) => [parent, at]));
      for (const child of children) {
        const ready = this.#readChild(child, { parents, placeOf, context, info, reads });
        if (isPromise(ready)) pending.push(ready);
      }
    }
    return pending.length === 0 ? undefined : Promise.all(pending);
  }

  #readChild(
    { node, policy, argumentsFor }: Child,
    { parents, placeOf, context, info, reads }: ReadsOfParents,
  ): MaybePromise<void> {
    const { entries, traces, viewerOf } = this.#services;
    const args = argumentsOf(argumentsFor, info);
    const reader = readerFor(policy, viewerOf, context);
    // Each child says by itself what is wrong.
    if (args === undefined || reader === undefined) return undefined;
    const { viewerId, variant } = reader;
    const places = new ForeseenPlaces(parents, { policy, args, context, viewerId, variant, viewerOf });
    const wanted = places.places.filter((place) => place !== undefined);
    if (wanted.length === 0) return undefined;
    if (placeOf !== undefined) this.#fromAfar.add(node);
    const mark = entries.mark();
    const found = entries.find(policy, wanted, traces.of(context), requestOf(info));
    const keep = (all: Awaited<typeof found>): void => {
      reads.set(node, { policy, placeOf, places, found: inPlace(places.places, all), mark });
    };
    return isPromise(found) ? found.then(keep) : keep(found);
  }

  /** For one type it is the same each time, unless directives decide. */
  #foreseenBelow(info: GraphQLResolveInfo): readonly Foreseen[] {
    const [node] = info.fieldNodes;
    const type = objectTypeOf(info.returnType);
    if (node === undefined || type === undefined) return [];
    const ofNode = this.#foreseen.get(node);
    const known = ofNode?.get(type);
    if (known?.fragments.every((one) => info.fragments[one.name.value] === one) === true)
      return known.foreseen;
    const foreseen = foreseenIn(info, this.#policies);
    if (foreseen === undefined) return [];
    if (info.fieldNodes.length > 1) return foreseen;
    const { isConditional, fragments } = selectedBelow(info);
    if (isConditional) return foreseen;
    const below: KnownBelow = { foreseen, fragments };
    if (ofNode === undefined) this.#foreseen.set(node, new Map([[type, below]]));
    else ofNode.set(type, below);
    return foreseen;
  }
}

/** The objects whose fields are read, and the request that will ask for them. */
interface ReadsOfParents extends Pick<ReadsOfChild, 'placeOf'> {
  readonly parents: readonly unknown[];
  readonly context: unknown;
  readonly info: GraphQLResolveInfo;
  readonly reads: ReadsBelow;
}

/** What was found for those that have a place, at the places of all. */
function inPlace(
  places: ForeseenPlaces['places'],
  found: readonly (Found | undefined)[],
): readonly (Found | undefined)[] {
  if (found.length === places.length) return found;
  let next = 0;
  return places.map((place) => (place === undefined ? undefined : found[next++]));
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof Error);
}

// What fails in these fails again when GraphQL comes to it, and there the error belongs to its place in the answer.

/** Undefined where a variable of a directive does not fit, or an argument. */
function foreseenIn(
  info: GraphQLResolveInfo,
  policies: ReadonlyMap<string, ReadPolicy>,
): readonly Foreseen[] | undefined {
  try {
    return foreseenBelow(info, policies);
  } catch {
    return undefined;
  }
}

/** Undefined where a property on the way cannot be read. */
function objectsIn(value: unknown, way: readonly string[]): readonly unknown[] | undefined {
  try {
    return objectsAt(value, way);
  } catch {
    return undefined;
  }
}

/** Those of all children of a list; undefined where a variable does not fit. */
function argumentsOf(
  argumentsFor: Child['argumentsFor'],
  info: GraphQLResolveInfo,
): FieldCall['args'] | undefined {
  try {
    return argumentsFor(info);
  } catch {
    return undefined;
  }
}

/** Whom all children of a list are read for in one request; undefined where that cannot be told. */
function readerFor(
  { usesViewer, variantOf }: ReadPolicy,
  viewerOf: ViewerOf,
  context: unknown,
): Reader | undefined {
  if (!usesViewer && variantOf === undefined) return ALL;
  try {
    return { viewerId: usesViewer ? viewerOf(context) : undefined, variant: variantOf?.(context) };
  } catch {
    return undefined;
  }
}
