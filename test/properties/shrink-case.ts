import { Kind, parse, print, validate, visit, type DocumentNode } from 'graphql';
import type { GeneratedCase, ParsedDocument } from './generate-case.js';
import type { Step } from './generate-steps.js';
import type { Difference } from './run-steps.js';

/** What still shows a difference. */
export interface Shrunk {
  readonly generated: GeneratedCase;
  readonly steps: readonly Step[];
  readonly difference: Difference;
}

/** Runs a smaller case from the beginning; undefined where nothing differs. */
export type Rerun = (generated: GeneratedCase, steps: readonly Step[]) => Promise<Difference | undefined>;

/** Runs of one shrinking, at most: it is a help, and must not take longer than the search. */
const MAX_RERUNS = 600;

/** Leaves out requests and selections as long as an answer still differs. */
export async function shrinkCase(found: Shrunk, rerun: Rerun): Promise<Shrunk> {
  let best: Shrunk = { ...found, steps: found.steps.slice(0, found.difference.step + 1) };
  let reruns = 0;
  const keepsDiffering = async (generated: GeneratedCase, steps: readonly Step[]): Promise<boolean> => {
    if ((reruns += 1) > MAX_RERUNS) return false;
    const difference = await rerun(generated, steps);
    if (difference === undefined) return false;
    best = { generated, difference, steps: steps.slice(0, difference.step + 1) };
    return true;
  };
  for (let size = best.steps.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = best.steps.length - size; at >= 0; at -= size) {
      await keepsDiffering(best.generated, best.steps.toSpliced(at, size));
    }
  }
  for (let step = best.steps.length - 1; step >= 0; step -= 1) {
    for (let at = (best.steps[step]?.length ?? 0) - 1; at >= 0; at -= 1) {
      const requests = best.steps[step]?.toSpliced(at, 1) ?? [];
      await keepsDiffering(best.generated, best.steps.with(step, requests));
    }
  }
  for (const kind of ['queries', 'mutations'] as const) {
    for (let document = 0; document < best.generated[kind].length; document += 1) {
      for (let selection = 0; ;) {
        const smaller = without(best.generated, { kind, document, selection });
        if (smaller === undefined || reruns > MAX_RERUNS) break;
        const isValid =
          validate(best.generated.schema, smaller.parsed, undefined, { maxErrors: 1 }).length === 0;
        const next = { ...best.generated, [kind]: best.generated[kind].with(document, smaller) };
        if (!isValid || !(await keepsDiffering(next, best.steps))) selection += 1;
      }
    }
  }
  return best;
}

/** The document with one selection less; undefined where there are no more. */
function without(
  generated: GeneratedCase,
  at: { readonly kind: 'queries' | 'mutations'; readonly document: number; readonly selection: number },
): ParsedDocument | undefined {
  const document = generated[at.kind][at.document];
  if (document === undefined) return undefined;
  let seen = -1;
  let isFound = false;
  const drop = (): null | undefined => {
    seen += 1;
    if (seen !== at.selection) return undefined;
    isFound = true;
    return null;
  };
  const pruned = visit(document.parsed, { Field: drop, InlineFragment: drop, FragmentSpread: drop });
  if (!isFound) return undefined;
  const parsed = withoutUnused(pruned);
  return parsed && { ...document, parsed };
}

/** Without the fragments and variables that nothing uses; undefined where a selection is empty. */
function withoutUnused(document: DocumentNode): DocumentNode | undefined {
  let isEmpty = false;
  visit(document, {
    SelectionSet: ({ selections }) => {
      isEmpty ||= selections.length === 0;
    },
  });
  if (isEmpty) return undefined;
  const text = print(document);
  const isSpread = (name: string): boolean => text.includes(`...${name}\n`) || text.includes(`...${name} @`);
  const used = visit(document, {
    FragmentDefinition: ({ name }) => (isSpread(name.value) ? undefined : null),
  });
  const usedText = print(used);
  const isNamedTwice = (name: string): boolean => usedText.split(`$${name}`).length > 2;
  const pruned = visit(used, {
    VariableDefinition: ({ variable }) => (isNamedTwice(variable.name.value) ? undefined : null),
  });
  return pruned.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    ? parse(print(pruned))
    : undefined;
}
