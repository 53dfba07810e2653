import { valueIn, valueOf, type Placeholder, type Template, type TemplateInputs } from '../keys/template.js';

/** A tag that a parent could not name, and the placeholder for which it has no value. */
export interface UnnamedTag {
  readonly tag: string;
  readonly placeholder: string;
}

/**
 * Finds the tag for which a parent lacks a value: the entry would not be reached by the tag that its row has. A parent
 * is a row, of which the schema does not know all columns, so this is seen at run time only.
 */
export function compileUnnamedTag(
  templates: readonly Template[],
): (inputs: TemplateInputs) => UnnamedTag | undefined {
  const ofParent = templates.flatMap(({ source, placeholders }) =>
    placeholders.flatMap((placeholder) => (placeholder.root === 'parent' ? [{ source, placeholder }] : [])),
  );
  if (ofParent.length === 0) return () => undefined;
  return (inputs) => {
    for (const { source, placeholder } of ofParent) {
      if (isLacking(placeholder, inputs)) return { tag: source, placeholder: placeholder.text };
    }
    return undefined;
  };
}

/** Null is a value, and so is what would be found in it. */
function isLacking(placeholder: Placeholder, inputs: TemplateInputs): boolean {
  const value = valueOf(placeholder, inputs);
  if (value === undefined) return !leadsThroughNull(placeholder, inputs.parent);
  return Array.isArray(value) && value.includes(undefined);
}

function leadsThroughNull({ path }: Placeholder, parent: unknown): boolean {
  return path.some((_, length) => valueIn(parent, path.slice(0, length)) === null);
}
