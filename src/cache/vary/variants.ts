import { variantPart, type Variant, type VaryValue, type VaryValues } from '../keys/variant.js';
import { mayNameVariants, rowsOfVariants } from '../keys/variant-in-text.js';
import type { CacheLog } from '../log.js';
import { createObjectNotes } from '../object-notes.js';
import { ValueCounts } from './value-counts.js';
import { askedValue } from './vary-value.js';

export type VaryFunction = (context: unknown) => unknown;

/** Which variant a field has for a context. */
export type VariantOf = (context: unknown) => Variant;

export interface VariantsOptions {
  /** By name, in the order of their declaration. */
  readonly functions: ReadonlyMap<string, VaryFunction>;
  /** Names whose value is a part of the row tags as well. */
  readonly rowNames: ReadonlySet<string>;
  readonly log: CacheLog;
}

/** Values of one name, and variants of one set of names, that are remembered. */
const REMEMBERED = 10_000;

/**
 * What entries vary by. A function is called for a context when a field needs it first, and again only after a mutation:
 * what the context becomes otherwise while the request runs changes none of its keys.
 */
export class Variants {
  /** By name, in the order in which they stand in keys. */
  readonly functions: ReadonlyMap<string, VaryFunction>;
  readonly rowNames: ReadonlySet<string>;
  /** True for a key that could be that of a variant. */
  readonly looksVaried: (key: string) => boolean;
  /** The row of what could be the key of a variant; undefined for any other, and for what is a row already. */
  readonly rowOfKey: (key: string) => string | undefined;
  readonly #names: ReadonlyMap<string, VaryName>;
  readonly #sets = new Map<string, VariantSet>();
  readonly #byContext = createObjectNotes<OfContext>();

  constructor({ functions, rowNames, log }: VariantsOptions) {
    // The row of an entry is the beginning of its key, so the names of rows come first.
    const ordered = [...functions].sort(
      ([one], [other]) => Number(rowNames.has(other)) - Number(rowNames.has(one)),
    );
    this.functions = new Map(ordered);
    this.rowNames = rowNames;
    const names = [...this.functions.keys()];
    this.looksVaried = mayNameVariants(names);
    this.rowOfKey = rowsOfVariants(names.filter((name) => !rowNames.has(name)));
    const counts = new ValueCounts(log);
    this.#names = new Map(
      ordered.map(([name, find], index) => [name, new VaryName({ name, index, find, counts })]),
    );
  }

  /** These names in the order in which they stand in keys, each once. */
  inOrder(names: Iterable<string>): readonly string[] {
    const wanted = new Set(names);
    return [...this.functions.keys()].filter((name) => wanted.has(name));
  }

  /** Finds the variants of a field that varies by these names. The hot path is one look at what is noted on the context. */
  of(names: readonly string[], coordinate: string): VariantOf {
    const set = this.#setOf(names);
    return (context) => {
      const known = this.#ofContext(context);
      return known.set === set && known.variant !== undefined
        ? known.variant
        : this.#find(set, { known, context, coordinate });
    };
  }

  /**
   * The same without noting it: where the context is still to say which variant it has, as before a sign-in, what is read
   * afterwards must not be taken for that of another one.
   */
  unnoted(names: readonly string[], coordinate: string): VariantOf {
    const set = this.#setOf(names);
    return (context) => {
      const known = isObject(context) ? this.#byContext.get(context)?.values : undefined;
      const values = [...(known ?? [])];
      for (const name of set.names) values[name.index] ??= name.valueIn(context, coordinate);
      return set.variantOf(values);
    };
  }

  /** Has the functions asked anew for a context that a mutation may have changed, as a sign-in does. */
  forget(context: unknown): void {
    if (isObject(context)) this.#byContext.get(context)?.forget();
  }

  /** The variant of a context for names that were not the last ones asked for. */
  #find(
    set: VariantSet,
    { known, context, coordinate }: { known: OfContext; context: unknown; coordinate: string },
  ): Variant {
    for (const name of set.names) known.values[name.index] ??= name.valueIn(context, coordinate);
    const variant = set.variantOf(known.values);
    known.set = set;
    known.variant = variant;
    return variant;
  }

  /** The variant with these values, whichever context has it. They are looked at before. */
  given(values: VaryValues): Variant {
    const set = this.#setOf(this.inOrder(Object.keys(values)));
    const keyed: Keyed[] = [];
    for (const name of set.names) keyed[name.index] = name.keyed(values[name.name]);
    return set.variantOf(keyed);
  }

  #ofContext(context: unknown): OfContext {
    if (!isObject(context)) return new OfContext(this.#names.size);
    let known = this.#byContext.get(context);
    if (known === undefined) {
      known = new OfContext(this.#names.size);
      this.#byContext.set(context, known);
    }
    return known;
  }

  #setOf(names: readonly string[]): VariantSet {
    const id = names.join(' ');
    let set = this.#sets.get(id);
    if (set === undefined) {
      const known = names.flatMap((name) => this.#names.get(name) ?? []);
      const inRow = names.filter((name) => this.rowNames.has(name)).length;
      set = new VariantSet({ names: known, inRow });
      this.#sets.set(id, set);
    }
    return set;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What is known of one context. Most have fields of one set of names. */
class OfContext {
  /** Of each name that was asked for, at its place among all names. */
  readonly values: (Keyed | undefined)[];
  /** The set that was asked for last, and its variant. */
  set: VariantSet | undefined = undefined;
  variant: Variant | undefined = undefined;

  constructor(names: number) {
    // One that grows would take room for more at once.
    this.values = new Array<Keyed | undefined>(names).fill(undefined);
  }

  forget(): void {
    this.values.fill(undefined);
    this.set = undefined;
    this.variant = undefined;
  }
}

/** A value, and how it stands in keys. */
interface Keyed {
  readonly value: VaryValue | undefined;
  readonly part: string;
}

/** One declared name. */
class VaryName {
  readonly name: string;
  /** Its place among all names. */
  readonly index: number;
  readonly #find: VaryFunction;
  readonly #counts: ValueCounts;
  #keyed = new Map<VaryValue | undefined, Keyed>();
  /** Of the last request: most come from few tenants. */
  #last: Keyed | undefined;

  constructor(options: { name: string; index: number; find: VaryFunction; counts: ValueCounts }) {
    this.name = options.name;
    this.index = options.index;
    this.#find = options.find;
    this.#counts = options.counts;
  }

  valueIn(context: unknown, coordinate: string): Keyed {
    const value = askedValue(this.name, this.#find, context);
    if (this.#last !== undefined && Object.is(this.#last.value, value)) return this.#last;
    const known = this.#keyed.get(value);
    if (known !== undefined) return (this.#last = known);
    this.#counts.note(this.name, value, coordinate);
    return this.keyed(value);
  }

  keyed(value: VaryValue | undefined): Keyed {
    const known = this.#keyed.get(value);
    if (known !== undefined) return known;
    const keyed = { value, part: variantPart(this.name, value) };
    if (this.#keyed.size >= REMEMBERED) this.#keyed = new Map();
    this.#keyed.set(value, keyed);
    return keyed;
  }
}

/** The variants of fields that vary by the same names: one object for all contexts with the same values. */
class VariantSet {
  readonly names: readonly VaryName[];
  readonly #inRow: number;
  #byText = new Map<string, Variant>();
  /** The values that came last, in the order of the names, and their variant. */
  #lastValues: readonly (Keyed | undefined)[] = [];
  #last: Variant | undefined;

  constructor({ names, inRow }: { names: readonly VaryName[]; inRow: number }) {
    this.names = names;
    this.#inRow = inRow;
  }

  /** The variant of the values that stand at the places of its names. */
  variantOf(values: readonly (Keyed | undefined)[]): Variant {
    // Requests of one tenant mostly come one after the other, and then nothing is made.
    if (this.#last !== undefined && this.#cameLast(values)) return this.#last;
    const own = this.names.map(({ index }) => values[index]).filter((value) => value !== undefined);
    this.#lastValues = own;
    return (this.#last = this.#ofText(own));
  }

  /** Each value of a name is one object, as long as it is remembered. */
  #cameLast(values: readonly (Keyed | undefined)[]): boolean {
    const { names } = this;
    for (let at = 0; at < names.length; at += 1) {
      if (values[names[at]?.index ?? -1] !== this.#lastValues[at]) return false;
    }
    return true;
  }

  #ofText(values: readonly Keyed[]): Variant {
    let text = '';
    for (const { part } of values) text += part;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const tags = values.map(({ part }) => part);
    const variant: Variant = Object.freeze({
      text,
      rowText: tags.slice(0, this.#inRow).join(''),
      tags: Object.freeze(tags),
      values: Object.freeze(Object.fromEntries(this.names.map(({ name }, at) => [name, values[at]?.value]))),
    });
    if (this.#byText.size >= REMEMBERED) this.#byText = new Map();
    this.#byText.set(text, variant);
    return variant;
  }
}
