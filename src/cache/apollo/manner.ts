import type { AnswerHead } from '../http/http-answers.js';
import type { KeptAnswer } from '../memo/kept-answer.js';
import type { HttpRequest } from './http-operation.js';

/** What a server answers over HTTP. */
export interface HttpAnswer {
  readonly status?: number | undefined;
  readonly headers: ReadonlyMap<string, string>;
  /** Whole, or in parts. */
  readonly body: {
    readonly kind: string;
    readonly string?: string;
    /** What has the same in bytes, as long as `string` is still this one. */
    readonly kept?: {
      readonly string: string;
      readonly answer: { readonly sentBytes: Uint8Array | undefined };
    };
    readonly asyncIterator?: AsyncIterable<string>;
  };
}

/** How a server answers requests of one method, `Content-Type` and `Accept` from the memo. */
export interface Manner {
  /** Those headers that are the same in each such answer, as the server gave them. */
  readonly headers: readonly (readonly [string, string])[];
  /** Makes headers of the kind that the server itself gives: they are found by a name in any case. */
  newHeaders(): Map<string, string>;
}

const NO_HEADERS: ReadonlyMap<string, string> = new Map();
/** Any other belongs to one request, or to whatever has set it. */
const SAME_HEADERS = new Set(['content-type', 'cache-control']);

/** All that decides whether a request is admitted, and of which type its answer is. No header has a line break. */
export function nameOfManner({ method, headers }: HttpRequest): string {
  return `${method}\n${headers.get('content-type') ?? '\n'}\n${headers.get('accept') ?? '\n'}`;
}

/** The manner of an answer; undefined where it has more in it than what was kept and what is said of that over HTTP. */
export function mannerIn(
  given: HttpAnswer,
  answer: KeptAnswer,
  said: AnswerHead | undefined,
): Manner | undefined {
  const { headers } = given;
  const others = Array.from(headers).filter(([name]) => said?.headers.has(name) !== true);
  if (!others.every(([name]) => SAME_HEADERS.has(name))) return undefined;
  const manner: Manner = { headers: others, newHeaders: () => emptyLike(headers) };
  return isAlike(answerIn(manner, answer, said, manner.newHeaders()), given) ? manner : undefined;
}

/** An answer that was kept, as the server would give it; `said` is what is said of it over HTTP. */
export function answerIn(
  manner: Manner,
  answer: KeptAnswer,
  said: AnswerHead | undefined,
  headers: Map<string, string>,
): HttpAnswer {
  for (const [name, value] of said?.headers ?? NO_HEADERS) headers.set(name, value);
  for (const [name, value] of manner.headers) headers.set(name, value);
  // The body of a 304 stays, for its length; no server sends it.
  const status = said?.isUnmodified === true ? 304 : undefined;
  const string = answer.sent;
  return { status, headers, body: { kind: 'complete', string, kept: { string, answer } } };
}

/** Whether two answers are the same, byte for byte; but for how long they may be kept, as time has passed between them. */
function isAlike(one: HttpAnswer, other: HttpAnswer): boolean {
  if ((one.status ?? 200) !== (other.status ?? 200) || one.body.string !== other.body.string) return false;
  const [headers, others] = [Array.from(one.headers), Array.from(other.headers)];
  return (
    headers.length === others.length &&
    headers.every(([name, value], at) => {
      const [otherName, otherValue] = others[at] ?? [];
      return name === otherName && (name === 'cache-control' || value === otherValue);
    })
  );
}

function emptyLike({ constructor }: ReadonlyMap<string, string>): Map<string, string> {
  const made: unknown = Reflect.construct(constructor, []);
  return isHeaders(made) ? made : new Map();
}

function isHeaders(value: unknown): value is Map<string, string> {
  return value instanceof Map;
}
