import type { HttpCaching } from '../http/http-answers.js';
import { isPromise } from '../maybe-promise.js';
import { answerData } from '../memo/answer-data.js';
import { operationIn } from '../memo/operation-in.js';
import type { KeptAnswer } from '../memo/kept-answer.js';
import type { Executed, ExecutionNotes, OperationMemo, Sight } from '../memo/operation-memo.js';
import type { OperationGiven, OperationPlan, OperationPlans } from '../memo/operation-plans.js';
import type { Freshness } from '../memo/recording.js';
import type { GivenInside } from './front.js';
import type { ExecutedRequest, KeptResponse, OperationRequest, PluginResponse } from './plugin-requests.js';

/** What Apollo Server executes for a request, as its plugins have left it. Its own `operation` is that of the document as it was parsed. */
export function executedOperation({
  schema,
  document,
  request,
}: Pick<PluginResponse, 'schema' | 'document' | 'request'>): OperationGiven | undefined {
  return schema && document && operationIn(schema, document, request?.operationName);
}

export interface AnsweringOptions {
  readonly plans: OperationPlans;
  readonly memo: OperationMemo | undefined;
  readonly http: HttpCaching | undefined;
}

/** What stands in front of the server, as far as it has to do with one request. */
export interface AnsweringInside {
  readonly givenInside: (given: GivenInside) => void;
  /** Whether the memo had no answer to it there. */
  readonly wasAsked: () => boolean;
}

/** What was found out of a request before its execution. */
interface Seen {
  readonly plan: OperationPlan | undefined;
  readonly sight: Sight | undefined;
}

/** Answers one request as it was answered before, or takes notes of how it is answered. */
export function answeringFrom(
  { plans, memo, http }: AnsweringOptions,
  { givenInside, wasAsked }: AnsweringInside,
) {
  let notes: ExecutionNotes | undefined;
  let seen: Seen | undefined;
  let isUnderWay = false;
  let freshness: Freshness | undefined;
  const end = (result: Executed | undefined, isSame: boolean): void => {
    if (!isUnderWay) return;
    isUnderWay = false;
    notes?.end(isSame ? result : undefined);
    if (http !== undefined && isSame) freshness = notes?.freshness();
  };
  /**
   * Whether a request is executed as it was seen: plugins may change it after this one has looked at it. Of another context
   * nothing is noted.
   */
  const isAsSeen = (request: ExecutedRequest): boolean => {
    const given = executedOperation(request);
    if (seen === undefined || given === undefined) return false;
    const { plan, sight } = seen;
    if (plans.of(given) !== plan) return false;
    return sight === undefined || memo?.isStill(sight, request.request.variables) === true;
  };
  return {
    find: async <Head>(request: OperationRequest<unknown, Head>): Promise<KeptResponse<Head> | null> => {
      // Another plugin may have put it in place of the first.
      const { contextValue: context } = request;
      const operation = executedOperation(request);
      if (typeof context !== 'object' || context === null || operation === undefined) return null;
      const sight = memo?.sight({ ...operation, variables: request.request.variables, context });
      const kept = sight && memo?.find(sight, !wasAsked());
      // What can be answered now is, without one more turn of the event loop.
      const answer: KeptAnswer | undefined = isPromise(kept) ? await kept : kept;
      if (answer === undefined) {
        notes = (sight && memo?.record(sight)) ?? http?.follow(operation, context);
        isUnderWay = notes !== undefined;
        if (isUnderWay) seen = { plan: plans.of(operation), sight };
        return null;
      }
      freshness = answer.freshness;
      if (freshness !== undefined) givenInside({ operation, answer });
      const { http: head } = request.response;
      return { http: head, body: { kind: 'single', singleResult: { data: answerData(answer) } } };
    },
    /** Takes the answer as the execution made it: what other plugins make of it is for one viewer. */
    executionDidStart: async (request: ExecutedRequest) => {
      if (!isUnderWay) return undefined;
      return {
        executionDidEnd: async (error?: unknown): Promise<void> => {
          const { overallCachePolicy, response } = request;
          const { body } = response;
          // A kept answer would tell caches in front of the server nothing of what its fields say to them.
          const isForOthers =
            http === undefined
              ? overallCachePolicy?.policyIfCacheable() != null
              : overallCachePolicy?.maxAge !== undefined;
          const result =
            error === undefined && !isForOthers && body?.kind === 'single' ? body.singleResult : undefined;
          end(result, isAsSeen(request));
        },
      };
    },
    isRecording: () => isUnderWay,
    end,
    freshness: () => freshness,
  };
}
