import { hintOf } from '../nearest-name.js';
import type { CachedArguments } from './field-site.js';

/** What `createCache` declares of what entries vary by. */
export interface DeclaredVary {
  /** Every declared name, in the order in which they stand in keys. */
  readonly names: readonly string[];
  /** Those of them by which every field varies that does not say otherwise. */
  readonly varyAll: readonly string[];
}

export interface CheckedVary {
  /** In the order of the declaration. */
  readonly names: readonly string[];
  /** Each as the end of a sentence. */
  readonly faults: readonly string[];
}

/** What a field varies by, and what is wrong with how it says it. */
export function checkVary(
  { vary = [], sameFor = [], scope, pattern }: CachedArguments,
  { names, varyAll }: DeclaredVary,
): CheckedVary {
  const faults = [
    ...vary.flatMap((name) => undeclared('vary', name, names)),
    ...sameFor.flatMap((name) => notForAll(name, varyAll)),
  ];
  for (const name of vary.filter((one) => sameFor.includes(one))) {
    faults.push(`names "${name}" in vary and in sameFor; keep one of them`);
  }
  if (scope === 'PRIVATE' && vary.length > 0) {
    faults.push(
      "has scope: PRIVATE, so that its entries are the viewer's own already; remove vary, or name it in varyAll of " +
        'createCache where one viewer can have several values',
    );
  }
  const wanted = new Set([...varyAll.filter((name) => !sameFor.includes(name)), ...vary]);
  const found = names.filter((name) => wanted.has(name));
  if (pattern === 'WRITE_BEHIND' && found.length > 0) {
    const implied = found.filter((name) => !vary.includes(name));
    const fix =
      implied.length === 0
        ? 'remove vary'
        : `add sameFor: [${implied.map((name) => `"${name}"`).join(', ')}]`;
    faults.push(
      `pattern WRITE_BEHIND cannot vary (${found.join(', ')}), because a pending write is read by all and holds the state of ` +
        `its writer's variant only; ${fix}, or use WRITE_THROUGH`,
    );
  }
  return { names: found, faults };
}

function undeclared(argument: string, name: string, declared: readonly string[]): string[] {
  if (declared.includes(name)) return [];
  if (declared.length === 0) {
    return [
      `${argument} names "${name}", but createCache declares nothing to vary by; pass vary: { ${name}: (context) => … }`,
    ];
  }
  const hint = hintOf(name, declared);
  const end = hint === undefined ? '' : ` (${hint})`;
  return [`${argument} names "${name}", which createCache does not declare in vary${end}`];
}

function notForAll(name: string, varyAll: readonly string[]): string[] {
  if (varyAll.includes(name)) return [];
  const hint = hintOf(name, varyAll);
  const end = hint === undefined ? '' : ` (${hint})`;
  return [
    `sameFor names "${name}", which is not in varyAll of createCache, so no field varies by it unasked${end}`,
  ];
}

/** Faults of declared names by which no field varies: what was meant to be told apart is shared. */
export function checkUsedVary(names: readonly string[], used: ReadonlySet<string>): string[] {
  return names.flatMap((name) =>
    used.has(name)
      ? []
      : [
          `vary.${name}: no @cached field varies by it; name it in @cached(vary: ["${name}"]), or remove it from createCache`,
        ],
  );
}
