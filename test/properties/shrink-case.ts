import { Kind, validate, visit, type DocumentNode, type SelectionNode, type SelectionSetNode } from 'graphql';
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
const MAX_RERUNS = 2000;

const KIND_OF = { queries: 'query', mutations: 'mutation' } as const;

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
    const used = new Set(
      best.steps
        .flat()
        .filter((one) => one.kind === KIND_OF[kind])
        .map((one) => one.document),
    );
    for (const document of used) {
      for (let selection = 0; reruns <= MAX_RERUNS;) {
        const { schema } = best.generated;
        const pruned = without(best.generated[kind][document], selection);
        if (pruned === 'no such selection') break;
        const isValid = validate(schema, pruned.parsed, undefined, { maxErrors: 1 }).length === 0;
        const next = { ...best.generated, [kind]: best.generated[kind].with(document, pruned) };
        if (!isValid || !(await keepsDiffering(next, best.steps))) selection += 1;
      }
    }
  }
  return best;
}

/** The document with one selection less, or with `__typename` in place of the last one. */
function without(
  document: ParsedDocument | undefined,
  selection: number,
): ParsedDocument | 'no such selection' {
  if (document === undefined) return 'no such selection';
  let seen = -1;
  let isFound = false;
  const drop = (node: SelectionNode): null | undefined => {
    if (node.kind === Kind.FIELD && node.name.value === TYPE_NAME) return undefined;
    seen += 1;
    if (seen !== selection) return undefined;
    isFound = true;
    return null;
  };
  const parsed = visit(document.parsed, { Field: drop, InlineFragment: drop, FragmentSpread: drop });
  return isFound ? { ...document, parsed: withoutUnused(parsed) } : 'no such selection';
}

/** Without the fragments and variables that nothing uses any more. */
function withoutUnused(document: DocumentNode): DocumentNode {
  const spread = new Set<string>();
  const used = new Set<string>();
  visit(document, {
    FragmentSpread: ({ name }) => void spread.add(name.value),
    Argument: (node) => visit(node, { Variable: ({ name }) => void used.add(name.value) }),
  });
  return visit(document, {
    FragmentDefinition: ({ name }) => (spread.has(name.value) ? undefined : null),
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? undefined : null),
    SelectionSet: (node) => (node.selections.length > 0 ? undefined : ONLY_TYPE_NAME),
  });
}

const TYPE_NAME = '__typename';

const ONLY_TYPE_NAME: SelectionSetNode = {
  kind: Kind.SELECTION_SET,
  selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: TYPE_NAME } }],
};
