import { entryVariants } from './entries.js';
import { outageVariants } from './outages.js';
import { strictCopyVariants } from './strict-copies.js';
import type { Variant } from './variant.js';

/** Every variant that is explored; the table in docs/model.md. */
export const variants: readonly Variant[] = [...entryVariants, ...outageVariants, ...strictCopyVariants];
