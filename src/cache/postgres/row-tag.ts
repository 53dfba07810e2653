/** A tag as a row names it: literal text and columns in turn, beginning and ending with a literal. */
export interface RowTag {
  readonly source: string;
  readonly literals: readonly string[];
  readonly columns: readonly string[];
  /** It names rows of another table, which have versions of their own. */
  readonly isOfOther?: true;
}

const LITERAL = /^[A-Za-z0-9_.:/-]*$/;
const PLACEHOLDER = /\{([A-Za-z_][A-Za-z0-9_]*)\}/;

/** Reads `RatingSummary:{movieId}`; the answer is the tag, or the fault as the end of a sentence. */
export function parseRowTag(source: string): RowTag | string {
  const parts = source.split(PLACEHOLDER);
  const literals = parts.filter((_, index) => index % 2 === 0);
  const columns = parts.filter((_, index) => index % 2 === 1);
  const fault = literals.find((literal) => !LITERAL.test(literal));
  if (fault !== undefined) {
    return `has the text "${fault}", but beside {column} only letters, digits and _ . : / - can stand`;
  }
  if (source === '') return 'is empty';
  return { source, literals, columns };
}
