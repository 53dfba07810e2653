import { valueIn, type TemplateInputs } from '../keys/template.js';
import type { FieldCall } from '../loads/field-call.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';
import type { ViewerOf } from '../vary/viewer-id.js';

/** One call of a field, as far as its entry depends on it. */
type Call = Pick<FieldCall, 'parent' | 'args' | 'context'>;

/** What the entries of all objects are located by, besides the object. */
interface Foreseen extends Pick<TemplateInputs, 'viewerId' | 'variant'> {
  readonly policy: ReadPolicy;
  readonly args: FieldCall['args'];
  readonly context: unknown;
  readonly viewerOf: ViewerOf;
}

/**
 * Where the entries of one field are, for many objects. Code around the cache may call the field with another object,
 * other arguments or another context than were foreseen, or change what is in them: then the entry is another one.
 */
export class ForeseenPlaces {
  /** Undefined where the object has none. */
  readonly places: readonly (Located | undefined)[];
  readonly #foreseen: Foreseen;
  /** Whether they depend on who reads, and so on the context. */
  readonly #areOfReader: boolean;
  readonly #argumentCount: number;
  /** What the keys and tags took from the objects, those of one object after those of the other. */
  readonly #taken: unknown[];

  constructor(parents: readonly unknown[], foreseen: Foreseen) {
    this.#foreseen = foreseen;
    this.#argumentCount = Object.keys(foreseen.args).length;
    const { parentPaths, usesViewer, variantOf } = foreseen.policy;
    this.#areOfReader = usesViewer || variantOf !== undefined;
    this.#taken = new Array<unknown>(parents.length * parentPaths.length).fill(undefined);
    this.places = parents.map((parent, at) => {
      if (typeof parent !== 'object' || parent === null || parent instanceof Error) return undefined;
      const place = this.#locate(parent, foreseen.args);
      if (place !== undefined) this.#take(parent, at * parentPaths.length);
      return place;
    });
  }

  /** The entry of the object, where this call asks for the same one. The hot path, which allocates nothing. */
  placeFor(call: Call, at: number): Located | undefined {
    const place = this.places[at];
    const { context, policy } = this.#foreseen;
    if (place === undefined) return undefined;
    if (this.#areOfReader && call.context !== context) return undefined;
    if (policy.usesViewer && !this.#isSameViewer(context)) return undefined;
    if (this.#hasSameArguments(call.args) && this.#hasSameValues(call.parent, at)) return place;
    const again = this.#locate(call.parent, call.args);
    return again !== undefined && isSamePlace(again, place) ? place : undefined;
  }

  #locate(parent: unknown, args: FieldCall['args']): Located | undefined {
    const { policy, viewerId, variant } = this.#foreseen;
    try {
      const place = policy.locate({ args, parent, viewerId, variant });
      return place.reason === undefined ? place : undefined;
    } catch {
      // The same call fails again when the field is resolved, and there the error belongs to its place in the answer.
      return undefined;
    }
  }

  #take(parent: object, from: number): void {
    this.#foreseen.policy.parentPaths.forEach((path, index) => {
      const value = valueIn(parent, path);
      this.#taken[from + index] = value instanceof Date ? new TakenTime(value) : value;
    });
  }

  #isSameViewer(context: unknown): boolean {
    const { viewerId, viewerOf } = this.#foreseen;
    try {
      return viewerOf(context) === viewerId;
    } catch {
      // It throws again when the field is resolved.
      return false;
    }
  }

  #hasSameArguments(args: FieldCall['args']): boolean {
    let count = 0;
    for (const name in args) {
      if (!areSurelyOne(args[name], this.#foreseen.args[name])) return false;
      count += 1;
    }
    return count === this.#argumentCount;
  }

  #hasSameValues(parent: unknown, at: number): boolean {
    const { parentPaths } = this.#foreseen.policy;
    let next = at * parentPaths.length;
    for (const path of parentPaths) {
      const value = valueIn(parent, path);
      const taken = this.#taken[next];
      if (!(taken instanceof TakenTime ? taken.isOf(value) : areSurelyOne(value, taken))) return false;
      next += 1;
    }
    return true;
  }
}

/** The time of a Date, which may be set to another one. */
class TakenTime {
  readonly #ms: number;

  constructor(date: Date) {
    this.#ms = date.getTime();
  }

  isOf(value: unknown): boolean {
    return value instanceof Date && value.getTime() === this.#ms;
  }
}

/** What is in an object may have changed since. */
function areSurelyOne(one: unknown, other: unknown): boolean {
  return Object.is(one, other) && (typeof one !== 'object' || one === null);
}

function isSamePlace(one: Located, other: Located): boolean {
  if (one === other) return true;
  const { key, row, id, tags } = other;
  return (
    one.key === key &&
    one.row === row &&
    one.id === id &&
    one.tags.length === tags.length &&
    one.tags.every((tag, index) => tag === tags[index])
  );
}
