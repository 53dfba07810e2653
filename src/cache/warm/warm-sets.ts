import { textOf } from '../errors.js';
import type { ValueCodec } from '../codec/value-codec.js';
import type { Variant } from '../keys/variant.js';
import type { CacheLog } from '../log.js';
import type { Store } from '../store/store.js';
import type { Arguments, WarmField, WarmSet } from './warm-field.js';

/** Names argument sets to keep warm, as a client would write them. May ask the database. */
export type WarmList = (context: unknown) => unknown;

export interface WarmSetsOptions {
  readonly field: WarmField;
  /** Undefined where there is none. */
  readonly list: WarmList | undefined;
  readonly store: Store;
  readonly codec: ValueCodec;
  readonly log: CacheLog;
  /** The variants that are kept warm; they hold a value for each name by which the field varies. */
  readonly variants: () => Promise<readonly Variant[]>;
  /** Most of the list, and of those asked for most. */
  readonly warmSets: number;
  readonly mostAsked: number;
  /** True once the cache is being closed: what fails then was taken away, and is no fault to tell. */
  readonly isOver: () => boolean;
}

/** Makes a context without a viewer, of one variant where what it loads varies. */
export type WarmContext = (variant: Variant | undefined) => Promise<unknown>;

const SAME_FOR_ALL = [undefined];

/** A client that asks once does not ask often. */
const ASKED_OFTEN = 2;

/** The argument sets of one field that are kept warm: its warm list, and those that are asked for most lately. */
export class WarmSets {
  readonly #options: WarmSetsOptions;
  readonly #told = new Set<string>();
  #named: readonly Variant[] = [];
  /** By variant. */
  readonly #listed = new Map<Variant | undefined, readonly Arguments[]>();

  constructor(options: WarmSetsOptions) {
    this.#options = options;
  }

  /** Never rejects: a list that cannot be made is the one that was made before. */
  async present(context: WarmContext): Promise<readonly WarmSet[]> {
    const { policy } = this.#options.field;
    const sets = new Map<string, WarmSet>();
    const asked = await this.#asked();
    for (const variant of policy.variantOf === undefined ? SAME_FOR_ALL : await this.#variants()) {
      await this.#readList(variant, context);
      for (const args of [...(this.#listed.get(variant) ?? []), ...asked]) {
        const place = policy.locate({ args, parent: undefined, viewerId: undefined, variant });
        if (place.reason === undefined) sets.set(place.key, { args, variant, place });
      }
    }
    return [...sets.values()];
  }

  /** Those that were named last, where they cannot be named now. */
  async #variants(): Promise<readonly Variant[]> {
    try {
      this.#named = await this.#options.variants();
      const present = new Set<Variant | undefined>(this.#named);
      for (const variant of this.#listed.keys()) if (!present.has(variant)) this.#listed.delete(variant);
    } catch (error) {
      if (!this.#options.isOver()) this.#tell(`has no variants: ${textOf(error)}`);
    }
    return this.#named;
  }

  async #readList(variant: Variant | undefined, context: WarmContext): Promise<void> {
    const { list, field, warmSets } = this.#options;
    if (list === undefined) return;
    try {
      const given: unknown = await list(await context(variant));
      if (!Array.isArray(given)) {
        this.#tell('must be a list of argument sets, and is none');
        return;
      }
      if (given.length > warmSets) {
        this.#tell(`has ${given.length} argument sets; only the first ${warmSets} are kept warm`);
      }
      const listed = given.slice(0, warmSets).flatMap((one: unknown) => {
        const { args, fault } = field.argumentsOf(one);
        if (args === undefined) this.#tell(`has an argument set that the field does not take: ${fault}`);
        return args === undefined ? [] : [args];
      });
      this.#listed.set(variant, listed);
    } catch (error) {
      if (this.#options.isOver()) return;
      this.#tell(`could not be made: ${textOf(error)}`);
    }
  }

  async #asked(): Promise<readonly Arguments[]> {
    const { store, field, mostAsked } = this.#options;
    if (mostAsked === 0 || store.mostAsked === undefined) return [];
    try {
      const most = await store.mostAsked(field.signature, mostAsked);
      return most.flatMap(({ argumentSet, times }) =>
        times < ASKED_OFTEN ? [] : this.#decoded(argumentSet),
      );
    } catch {
      // The store is in trouble, which it has said itself: the list is enough.
      return [];
    }
  }

  /** None where another program wrote there, or a process that knows other types. */
  #decoded(argumentSet: Uint8Array): readonly Arguments[] {
    try {
      const args = this.#options.codec.decode(argumentSet);
      return isArguments(args) ? [args] : [];
    } catch {
      return [];
    }
  }

  /** Each kind of fault once, or a list that is read every few minutes would fill the log. */
  #tell(fault: string): void {
    const kind = fault.slice(0, 20);
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    const { coordinate } = this.#options.field.policy;
    this.#options.log.warn({ coordinate }, `the warm list ${fault}`);
  }
}

function isArguments(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
