import type { HttpCaching } from '../http/http-answers.js';
import { keptAnswerOf } from '../memo/answer-data.js';
import type { Freshness } from '../memo/recording.js';
import { headOf } from './answer-head.js';
import { executedOperation } from './answering.js';
import type { PluginResponse } from './plugin-requests.js';

/** Says over HTTP what is to be said of an answer. */
export function writeHead(
  http: HttpCaching,
  answered: PluginResponse,
  freshness: Freshness | undefined,
): void {
  const { request, overallCachePolicy, response } = answered;
  const { http: head, body } = response;
  if (head === undefined) return;
  const result = body.kind === 'single' ? body.singleResult : undefined;
  const { headers } = head;
  const { headers: said, isUnmodified } = headOf(http, {
    // The answers of a batch have one head, and each says what holds for all of them.
    operation: answered.requestIsBatched === true ? undefined : executedOperation(answered),
    result,
    freshness,
    kept: result?.data ? keptAnswerOf(result.data) : undefined,
    isSpecial: (head.status ?? 200) !== 200 || headers.get('set-cookie') !== undefined,
    hint: overallCachePolicy,
    method: request?.http?.method,
    headers: request?.http?.headers,
  });
  for (const [name, value] of said) {
    const before = name === 'vary' ? headers.get(name) : undefined;
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  // The body stays, for its length; the server does not send it.
  if (isUnmodified) head.status = 304;
}
