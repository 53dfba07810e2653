import { type DocumentNode, visit } from 'graphql';

/** Arguments and directive arguments whose value decides how much is loaded. */
const sizes: ReadonlySet<string> = new Set(['ids', 'first', 'if']);

/** The names of the variables on which the cost of a document depends; those of ids and texts do not count. */
export function sizeVariables(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Argument({ name, value }) {
      if (!sizes.has(name.value)) return undefined;
      visit(value, { Variable: (variable) => void names.add(variable.name.value) });
      return undefined;
    },
  });
  return [...names].sort();
}

/** Variables of equal size cost the same: a list counts by its length, all else by its value. */
export function sizesOf(names: readonly string[], variables: Readonly<Record<string, unknown>>): string {
  return names.map((name) => sizeOf(variables[name])).join(' ');
}

function sizeOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : typeof value;
}
