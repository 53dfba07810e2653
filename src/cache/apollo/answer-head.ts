import type { AnswerHead, AnswerMade, HttpCaching } from '../http/http-answers.js';

/**
 * What is said of an answer over HTTP. The integrations of Apollo Server replace the `Vary` that code in front of the server has set,
 * which the server is not shown: that is `Origin`, of cross-origin checks. A cache would then give one site the copy of another.
 */
export function headOf(http: HttpCaching, answer: AnswerMade): AnswerHead {
  const head = http.head(answer);
  const vary = head.headers.get('vary');
  if (vary === undefined) return head;
  return { ...head, headers: new Map(head.headers).set('vary', `${vary}, Origin`) };
}
