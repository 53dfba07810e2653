import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import type { ASTVisitor, DocumentNode, ValidationContext } from 'graphql';
import { limitExceeded } from '../api-errors/api-error.js';
import { limits } from './limits.js';
import { comparisonsOf } from './repeated-fields.js';

/** Validation rules that refuse operations which repeat too much, are too deep, or have too many aliases, fragments included. */
export const limitRules: readonly ((context: ValidationContext) => ASTVisitor)[] = [
  (context) => ({
    // Before any other rule has looked into the document.
    Document(document): DocumentNode | undefined {
      if (comparisonsOf(document, limits.comparisons) !== undefined) return undefined;
      refuse(
        `The operation repeats the same fields too often: more than ${limits.comparisons} pairs would have to be compared; name each field once.`,
      )(context);
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
      propagateOnRejection: false,
      onReject: [refuse(`The operation has more than ${limits.aliases} aliases; ask in several operations.`)],
    })(context),
];

function refuse(sentence: string): (context: ValidationContext | null) => void {
  return (context) => context?.reportError(limitExceeded(sentence));
}
