import type { DocumentNode, ExecutionArgs, GraphQLSchema } from 'graphql';
import type { FollowedAnswer } from '../http/followed-answer.js';
import { isPromise } from '../maybe-promise.js';
import { answerData, answerJson } from '../memo/answer-data.js';
import { operationIn } from '../memo/operation-in.js';
import type { KeptAnswer } from '../memo/kept-answer.js';
import type { Executed, OperationMemo, Sight } from '../memo/operation-memo.js';
import type { OperationGiven } from '../memo/operation-plans.js';

/** Executes an operation, or answers it at once. */
export type ExecuteFn = (args: ExecutionArgs) => unknown;

/** What says which operation is executed. */
interface OperationArgs {
  readonly schema?: GraphQLSchema;
  readonly document?: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly fieldResolver?: unknown;
  readonly typeResolver?: unknown;
}

/** What follows the answer of a request, by its context; undefined where nothing is said of it over HTTP. */
export type FollowedOf = (context: unknown) => FollowedAnswer | undefined;

/** An executor in place of `execute`: what the memo has is not executed, and what it shall have is noted. */
export function keptExecution(memo: OperationMemo, execute: ExecuteFn, followedOf: FollowedOf): ExecuteFn {
  const run = (args: ExecutionArgs, sight: Sight | undefined): unknown => {
    const followed = followedOf(args.contextValue);
    const notes = sight && memo.record(sight);
    if (notes === undefined) {
      followed?.begin();
      return execute(args);
    }
    const end = (result: Executed | undefined): void => {
      notes.end(result);
      followed?.isMadeOf(notes.freshness());
    };
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
    if (sight === undefined) return run(args, undefined);
    const answerFrom = (answer: KeptAnswer | undefined): unknown => {
      if (answer === undefined) return run(args, sight);
      followedOf(args.contextValue)?.isMadeOf(answer.freshness);
      return answerOf(answer);
    };
    const kept = memo.find(sight);
    return isPromise(kept) ? kept.then(answerFrom) : answerFrom(kept);
  };
}

/** Undefined where it cannot be told, and where the caller gives resolvers of its own, which could look at who asks. */
export function operationOf({
  schema,
  document,
  operationName,
  fieldResolver,
  typeResolver,
}: OperationArgs): OperationGiven | undefined {
  if (fieldResolver != null || typeResolver != null) return undefined;
  return schema && document && operationIn(schema, document, operationName);
}

/** Undefined where its answer is not kept. */
function sightOf(memo: OperationMemo, args: ExecutionArgs): Sight | undefined {
  const { variableValues: variables } = args;
  const context: unknown = args.contextValue;
  if (typeof context !== 'object' || context === null) return undefined;
  const given = operationOf(args);
  return given && memo.sight({ variables, context, ...given });
}

/** Yoga writes an answer as `stringify` says; others read its data, which is there when it is asked for. */
function answerOf(answer: KeptAnswer): object {
  return { data: answerData(answer), stringify: answerJson };
}

/** An answer that came in one part. */
function wholeOf(result: unknown): Executed | undefined {
  return typeof result === 'object' &&
    result !== null &&
    !(Symbol.asyncIterator in result) &&
    'data' in result
    ? result
    : undefined;
}
