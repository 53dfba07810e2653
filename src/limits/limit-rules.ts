import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import type { ASTVisitor, ValidationContext } from 'graphql';
import { limitExceeded } from '../api-errors/api-error.js';
import { limits } from './limits.js';

/** Validation rules that refuse operations which are too deep, or have too many aliases, fragments included. */
export const limitRules: readonly ((context: ValidationContext) => ASTVisitor)[] = [
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
