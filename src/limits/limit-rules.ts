import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { type ASTVisitor, BREAK, type DocumentNode, type ValidationContext, visit } from 'graphql';
import { limitExceeded } from '../api-errors/api-error.js';
import { limits } from './limits.js';
import { comparisonsOf } from './repeated-fields.js';

/** Validation rules that refuse operations which are too long, repeat too much, are too deep, or have too many aliases, fragments included. */
export const limitRules: readonly ((context: ValidationContext) => ASTVisitor)[] = [
  (context) => ({
    // Before any other rule has looked into the document.
    Document(document): DocumentNode | undefined {
      const fault = tooLong(document) ?? longName(document) ?? tooMuchAlike(document);
      if (fault === undefined) return undefined;
      refuse(fault)(context);
      // What is refused is not worth the time of the other rules, which look at what is returned here.
      return { ...document, definitions: [] };
    },
  }),
  (context) =>
    maxDepthRule({
      n: limits.depth,
      flattenFragments: true,
      propagateOnRejection: false,
      onReject: [
        refuse(`The operation is nested deeper than ${limits.depth} fields; ask in several operations.`),
      ],
    })(context),
  (context) =>
    maxAliasesRule({
      n: limits.aliases,
      // By default `__typename` may have as many as fit.
      allowList: [],
      propagateOnRejection: false,
      onReject: [refuse(`The operation has more than ${limits.aliases} aliases; ask in several operations.`)],
    })(context),
];

function tooLong({ loc }: DocumentNode): string | undefined {
  const length = loc?.source.body.length ?? 0;
  if (length <= limits.characters) return undefined;
  return `The operation has ${length} characters, but at most ${limits.characters} are allowed; send long texts as variables, or ask in several operations.`;
}

/** So much of a name shows a person which one it is. */
const SHOWN_LETTERS = 20;

/** Of any kind: answers repeat names of fields in each row, and errors repeat those of operations, variables and fragments. */
function longName(document: DocumentNode): string | undefined {
  let fault: string | undefined;
  visit(document, {
    Name({ value }) {
      if (value.length <= limits.nameLetters) return undefined;
      fault = `The name "${value.slice(0, SHOWN_LETTERS)}…" has ${value.length} letters, but at most ${limits.nameLetters} are allowed; choose a shorter one.`;
      return BREAK;
    },
  });
  return fault;
}

function tooMuchAlike(document: DocumentNode): string | undefined {
  if (comparisonsOf(document, limits.comparisons) !== undefined) return undefined;
  return `The operation repeats the same fields too often: more than ${limits.comparisons} pairs would have to be compared; name each field once.`;
}

function refuse(sentence: string): (context: ValidationContext | null) => void {
  return (context) => context?.reportError(limitExceeded(sentence));
}
