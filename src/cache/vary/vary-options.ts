import type { CacheLog } from '../log.js';
import { hintOf } from '../nearest-name.js';
import { Variants, type VaryFunction } from './variants.js';

/** What entries vary by besides their keys. */
export interface VaryGiven<Context> {
  readonly vary?: Readonly<Record<string, (context: Context) => unknown>>;
  readonly varyAll?: readonly string[];
  readonly varyTags?: readonly string[];
}

const NAME = /^[a-z][A-Za-z0-9]*$/;

/** Faults of names that cannot be, or that are not declared; what is of another kind is told elsewhere. */
export function varyFaults({
  vary,
  varyAll,
  varyTags,
}: {
  readonly vary?: unknown;
  readonly varyAll?: unknown;
  readonly varyTags?: unknown;
}): string[] {
  const declared = typeof vary === 'object' && vary !== null ? Object.keys(vary) : [];
  const faults = declared
    .filter((name) => !NAME.test(name))
    .map(
      (name) =>
        `vary.${name} must have a name of letters and digits that begins with a small letter, such as "tenant"`,
    );
  for (const [option, names] of Object.entries({ varyAll, varyTags })) {
    if (!Array.isArray(names)) continue;
    for (const name of names) {
      if (typeof name !== 'string' || declared.includes(name)) continue;
      const hint = hintOf(name, declared);
      const fix = hint === undefined ? `; pass vary: { ${name}: (context) => … }` : ` (${hint})`;
      faults.push(`${option} names "${name}", which is not declared in vary${fix}`);
    }
  }
  return faults;
}

/** Makes what finds variants, of options that were checked. */
export function createVariants<Context>(
  { vary = {}, varyTags = [] }: VaryGiven<Context>,
  log: CacheLog,
): Variants {
  const functions = Object.entries(vary).map(([name, find]): [string, VaryFunction] => [
    name,
    // The schema's context is what its owner says it is; the engine only hands it on.
    (context) => find(context as Context),
  ]);
  return new Variants({ functions: new Map(functions), rowNames: new Set(varyTags), log });
}
