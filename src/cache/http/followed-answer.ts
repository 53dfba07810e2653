import { keptAnswerOf } from '../memo/answer-data.js';
import type { ExecutionNotes } from '../memo/operation-memo.js';
import type { Freshness } from '../memo/recording.js';
import type { AnswerHead, AnswerMade, HttpCaching } from './http-answers.js';

/** What an execution brought, as a server has it. */
type Result = NonNullable<AnswerMade['result']>;

/** One request, from before its execution on. */
export interface FollowedAnswer {
  /** Called before an execution of which nothing else takes notes. */
  begin(): void;
  /** Called instead where others know what the answer was made of; undefined where that is more than fresh entries. */
  isMadeOf(freshness: Freshness | undefined): void;
  /** Called once, when the execution has ended; nothing where the answer comes in parts. What is said of the answer. */
  end(result: Result | undefined, isSpecial: boolean): AnswerHead;
}

/** For servers that have one moment before an execution and one after it. */
export function followAnswer(
  http: HttpCaching,
  {
    operation,
    context,
    ...request
  }: Pick<AnswerMade, 'operation' | 'method' | 'headers'> & { readonly context: object },
): FollowedAnswer {
  const endFresh = http.freshen(request.headers, context);
  let notes: ExecutionNotes | undefined;
  let made: Freshness | undefined;
  return {
    begin: () => {
      notes = operation && http.follow(operation, context);
    },
    isMadeOf: (freshness) => {
      made = freshness;
    },
    end: (result, isSpecial) => {
      notes?.end(result);
      endFresh?.();
      const freshness = notes === undefined ? made : notes.freshness();
      const data = result?.data;
      const kept = typeof data === 'object' && data !== null ? keptAnswerOf(data) : undefined;
      return http.head({ operation, result, freshness, kept, isSpecial, ...request });
    },
  };
}
