import { shownKeys } from '../keys/variant-in-text.js';
import type { VariantOf, Variants } from '../vary/variants.js';
import { checkVary } from './check-vary.js';
import type { CachedArguments, FieldSite } from './field-site.js';

/** What `createCache` was told of what entries vary by. */
export interface VaryOptions {
  readonly variants: Variants;
  /** The names by which every field varies that does not say otherwise. */
  readonly varyAll: readonly string[];
}

/** The names by which a field varies, and how its variants are found. */
export interface CompiledVary {
  readonly vary: readonly string[];
  readonly variantOf: VariantOf | undefined;
  /** A key as evidence shows it: without the values that it varies by. */
  readonly shownKey: (key: string) => string;
}

/** What a field varies by; faults go to the others, each as the end of a sentence. */
export function compileVary(
  { coordinate }: FieldSite,
  cached: CachedArguments,
  { options: { variants, varyAll }, faults }: { options: VaryOptions; faults: string[] },
): CompiledVary {
  const checked = checkVary(cached, { names: [...variants.functions.keys()], varyAll });
  faults.push(...checked.faults);
  const { names: vary } = checked;
  const variantOf = vary.length === 0 ? undefined : variants.of(vary, coordinate);
  return { vary, variantOf, shownKey: shownKeys(vary) };
}
