import { getOperationAST, type ExecutionArgs } from 'graphql';
import { isPromise } from '../maybe-promise.js';
import { answerData, answerJson } from '../memo/answer-data.js';
import type { OperationMemo, Sight } from '../memo/operation-memo.js';

/** Executes an operation, or answers it at once. */
export type ExecuteFn = (args: ExecutionArgs) => unknown;

/** An executor in place of `execute`: what the memo has is not executed, and what it shall have is noted. */
export function keptExecution(memo: OperationMemo, execute: ExecuteFn): ExecuteFn {
  const run = (args: ExecutionArgs, sight: Sight): unknown => {
    const end = memo.record(sight);
    if (end === undefined) return execute(args);
    try {
      const result = execute(args);
      if (!isPromise(result)) {
        end(wholeOf(result));
        return result;
      }
      return result.then(
        (done) => {
          end(wholeOf(done));
          return done;
        },
        (error: unknown) => {
          end(undefined);
          throw error;
        },
      );
    } catch (error) {
      end(undefined);
      throw error;
    }
  };
  return (args) => {
    const sight = sightOf(memo, args);
    if (sight === undefined) return execute(args);
    const kept = memo.find(sight);
    if (!isPromise(kept)) return kept === undefined ? run(args, sight) : answerOf(kept);
    return kept.then((answer) => (answer === undefined ? run(args, sight) : answerOf(answer)));
  };
}

/** Undefined where its answer is not kept. Resolvers that the caller gives could look at who asks. */
function sightOf(memo: OperationMemo, args: ExecutionArgs): Sight | undefined {
  const { schema, document, operationName, variableValues: variables } = args;
  const context: unknown = args.contextValue;
  if (typeof context !== 'object' || context === null) return undefined;
  if (args.fieldResolver != null || args.typeResolver != null) return undefined;
  const operation = getOperationAST(document, operationName);
  return operation == null ? undefined : memo.sight({ schema, document, operation, variables, context });
}

/** Yoga writes an answer as `stringify` says; others read its data, which is there when it is asked for. */
function answerOf(answer: Parameters<typeof answerData>[0]): object {
  return { data: answerData(answer), stringify: answerJson };
}

/** An answer that came in one part. */
function wholeOf(result: unknown): { readonly data?: unknown; readonly errors?: unknown } | undefined {
  return typeof result === 'object' &&
    result !== null &&
    !(Symbol.asyncIterator in result) &&
    'data' in result
    ? result
    : undefined;
}
