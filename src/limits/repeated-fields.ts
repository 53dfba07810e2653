import type { DocumentNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import { Kind } from 'graphql';

/** Fields that are looked at before a document counts as too large; as many as its cost is computed for. */
const MOST_FIELDS = 10_000;

/**
 * How many pairs of fields of the same name GraphQL will compare to see whether they can be merged: the one step of
 * validation that costs more than the length of a document. Undefined where there are more than `atMost`.
 */
export function comparisonsOf(document: DocumentNode, atMost: number): number | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const left = { comparisons: atMost, fields: MOST_FIELDS };
  for (const definition of document.definitions) {
    if (!('selectionSet' in definition)) continue;
    // A fragment counts within each operation that spreads it; where none does, it is validated all the same.
    compareMerged([definition.selectionSet], { fragments, left, within: [] });
    if (left.comparisons < 0 || left.fields < 0) return undefined;
  }
  return atMost - left.comparisons;
}

interface Walk {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly left: { comparisons: number; fields: number };
  /** Fragments in which this stands: those of a circle are refused by another rule. */
  readonly within: readonly string[];
}

/** Selection sets that become one: those of fields of the same name below the same parent. */
interface Merged {
  count: number;
  readonly sets: SelectionSetNode[];
}

function compareMerged(sets: readonly SelectionSetNode[], { fragments, left, within }: Walk): void {
  const fields = new Map<string, Merged>();
  const spread = new Set(within);
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      left.fields -= 1;
      if (left.fields < 0) return;
      if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
      else if (selection.kind === Kind.FIELD) {
        const name = (selection.alias ?? selection.name).value;
        const merged = fields.get(name) ?? { count: 0, sets: [] };
        left.comparisons -= merged.count;
        merged.count += 1;
        if (selection.selectionSet !== undefined) merged.sets.push(selection.selectionSet);
        fields.set(name, merged);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = fragments.get(selection.name.value);
        if (fragment !== undefined) collect(fragment.selectionSet);
      }
    }
  };
  sets.forEach(collect);
  for (const merged of fields.values()) {
    if (left.comparisons < 0 || left.fields < 0) return;
    if (merged.sets.length > 0) compareMerged(merged.sets, { fragments, left, within: [...spread] });
  }
}
