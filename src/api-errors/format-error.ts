import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { limits } from '../limits/limits.js';

/** What a client reads where something failed that is not the client's fault. */
export const INTERNAL_SENTENCE =
  'Something went wrong on our side. Try again; if it stays, tell us the requestId of this error.';

const LIMIT = 'OPERATION_LIMIT_EXCEEDED';
/** The sentence of graphql-js for a document with too many tokens, which has no code of its own. */
const TOO_MANY_TOKENS = /Document contains more that? \d+ tokens/;

/** What graphql-js adds to the names that a client guessed. */
const SUGGESTION = / ?Did you mean .+\?/;

/**
 * Makes the last word on every error before it leaves. An error without a code was thrown by accident: its text may
 * name tables, hosts or values, so it is replaced. The log has the whole of it, see error-plugin.ts.
 * `hidesSchema` takes suggestions away, which would spell out a schema that cannot be read otherwise.
 */
export function createFormatError({ hidesSchema }: { hidesSchema: boolean }) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const { extensions } = formatted;
    if (isInternal(formatted)) return { ...formatted, message: INTERNAL_SENTENCE };
    if (TOO_MANY_TOKENS.test(formatted.message)) {
      const message = `The operation has more than ${limits.tokens} words and signs; ask in several operations.`;
      return { ...formatted, message, extensions: { ...extensions, code: LIMIT } };
    }
    // Apollo Server gives every error of a validation rule the same code.
    if (isLimit(error)) return { ...formatted, extensions: { ...extensions, code: LIMIT } };
    return hidesSchema ? { ...formatted, message: formatted.message.replace(SUGGESTION, '') } : formatted;
  };
}

/** Whether an error says nothing that a client may see. */
export function isInternal({ extensions }: Pick<GraphQLFormattedError, 'extensions'>): boolean {
  return extensions?.['code'] === undefined || extensions['code'] === 'INTERNAL_SERVER_ERROR';
}

function isLimit(error: unknown): boolean {
  const original = error instanceof GraphQLError ? error.originalError : undefined;
  return original instanceof GraphQLError && original.extensions['code'] === LIMIT;
}
