import type { VaryValues } from '../keys/variant.js';
import { faultOf } from '../vary/vary-value.js';

/** The variants in which varied fields are kept warm, or what names them. */
export type WarmVariants =
  readonly VaryValues[] | (() => readonly VaryValues[] | Promise<readonly VaryValues[]>);

/** What is wrong with a variant that a field is to be kept warm in; undefined where nothing is. */
export function warmVariantFault(
  values: VaryValues,
  { coordinate, vary }: { readonly coordinate: string; readonly vary: readonly string[] },
): string | undefined {
  for (const name of vary) {
    if (!(name in values)) {
      return `warmVariants: ${coordinate} varies by ${name}, which one of the variants does not name; write { ${name}: … }, undefined for none`;
    }
    const fault = faultOf(values[name]);
    if (fault !== undefined)
      return `warmVariants: the value of "${name}" cannot be ${fault.replace('return', 'write')}`;
  }
  return undefined;
}
