import type { Variant } from '../keys/variant.js';
import type { Found } from '../coherence/entry-field.js';
import type { Loaded } from '../loads/services.js';
import type { Located, ReadPolicy } from '../policy/read-policy.js';

/** Arguments as a resolver gets them. */
export type Arguments = Readonly<Record<string, unknown>>;

/** They, or why there are none: a whole sentence. */
export type WarmArguments =
  | { readonly args: Arguments; readonly fault?: undefined }
  | { readonly args?: undefined; readonly fault: string };

/** An argument set, and where its entry is. */
export interface WarmSet {
  readonly args: Arguments;
  /** Undefined where the field does not vary. */
  readonly variant: Variant | undefined;
  readonly place: Located;
}

/** A load that no reader asked for. */
interface WarmLoad extends WarmSet {
  /** The entry that it refreshes; undefined where there is none. */
  readonly found: Found | undefined;
  /** Without a viewer. */
  readonly context: unknown;
}

/** A field whose entries are kept warm. */
export interface WarmField {
  readonly policy: ReadPolicy;
  /** Names the field and the types of its arguments. */
  readonly signature: string;
  argumentsOf(given: unknown): WarmArguments;
  load(load: WarmLoad): Promise<Loaded>;
}
