import type { AnswerHead, AnswerMade, HttpCaching } from './http-answers.js';

/** What an execution brought, as a server has it. */
type Result = NonNullable<AnswerMade['result']>;

/** One request, from before its execution on. */
export interface FollowedAnswer {
  /** Called once, when the execution has ended; nothing where the answer comes in parts. What is said of the answer. */
  end(result: Result | undefined, isSpecial: boolean): AnswerHead;
}

/** For servers that have one moment before an execution and one after it, and keep no answers. */
export function followAnswer(
  http: HttpCaching,
  {
    operation,
    context,
    ...request
  }: Pick<AnswerMade, 'operation' | 'method' | 'headers'> & { readonly context: object },
): FollowedAnswer {
  const endFresh = http.freshen(request.headers, context);
  const notes = operation && http.follow(operation, context);
  return {
    end: (result, isSpecial) => {
      notes?.end(result);
      endFresh?.();
      return http.head({ operation, result, freshness: notes?.freshness(), isSpecial, ...request });
    },
  };
}
