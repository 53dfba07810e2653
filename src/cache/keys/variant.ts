import { typedComponent } from './component.js';
import { shortenKey } from './shorten-key.js';

/** What an entry can vary by. */
export type VaryValue = string | number | boolean | null;

/** The values of all names that a field varies by; undefined stands for a value of its own, which is absent. */
export type VaryValues = Readonly<Record<string, VaryValue | undefined>>;

/** Which variant of its entries a field has for one context. One object for all contexts with the same values. */
export interface Variant {
  /** What its keys end in: `|tenant=acme|locale=de`. */
  readonly text: string;
  /** The beginning of `text` that belongs to the row; empty unless names of `varyTags` are among them. */
  readonly rowText: string;
  /** One for each name, such as `|tenant=acme`: with it all of a tenant are cleared. */
  readonly tags: readonly string[];
  readonly values: VaryValues;
}

/** The values of what does not vary. */
export const noValues: VaryValues = Object.freeze({});

/** One name and its value as they stand in keys. No template and no value can contain the bar. */
export function variantPart(name: string, value: VaryValue | undefined): string {
  return `|${name}=${shortenKey(typedComponent(value))}`;
}

/** The tag that clears everything of one viewer. */
export function viewerTag(viewerInKey: string): string {
  return `@${viewerInKey}`;
}
