import type { AnswerHint } from '../codec/entry.js';
import type { ExecutionNotes } from '../memo/operation-memo.js';
import type { OperationGiven, OperationPlan, OperationPlans } from '../memo/operation-plans.js';
import { Recording, type Freshness } from '../memo/recording.js';
import type { FieldCounters } from '../metrics/field-counters.js';
import { headerOf } from '../metrics/request-headers.js';
import { Trace, type Traces } from '../metrics/trace.js';
import type { CallOff, Clock } from '../time/clock.js';
import { asksForFresh, cacheControl, type Sharing } from './cache-control.js';
import { entityTagOf, isNamedBy } from './entity-tag.js';
import type { HttpOptions } from './http-options.js';
import { TagHeader } from './tag-header.js';

export interface HttpAnswersOptions {
  readonly options: HttpOptions;
  readonly plans: OperationPlans;
  readonly traces: Traces;
  readonly clock: Clock;
  readonly countersOf: (coordinate: string) => FieldCounters;
  /** Whether every read is asked about: then no two readers are known to get the same. */
  readonly isAuthorized: boolean;
}

/** An answer on its way to its client. */
export interface AnswerMade {
  /** Undefined where the request had none that could be told. */
  readonly operation: OperationGiven | undefined;
  /** Undefined where it comes in parts. */
  readonly result:
    { readonly data?: unknown; readonly errors?: unknown; readonly extensions?: unknown } | undefined;
  /** What is known of the entries that it was made of. */
  readonly freshness: Freshness | undefined;
  /** The text of `data`, where it is there already; the same object for the same text. */
  readonly kept?: { readonly text: string } | undefined;
  /** True where it has another status than 200, or sets a cookie. */
  readonly isSpecial: boolean;
  /** What its fields said to such caches by themselves; whatever is stricter holds. */
  readonly hint?: AnswerHint | undefined;
  readonly method: string | undefined;
  /** Those of the request: of Fetch, Apollo Server or Node.js. */
  readonly headers: unknown;
}

/** What is said of an answer over HTTP. */
export interface AnswerHead {
  /** By their names in lower case; `vary` is to be added to what there is. */
  readonly headers: ReadonlyMap<string, string>;
  /** True where the client has it: the status is 304, and there is no body. */
  readonly isUnmodified: boolean;
}

/** What plugins of servers ask, before an execution and after it. */
export interface HttpCaching {
  /** A tag as it stands in the header `http.tags`; undefined without one. */
  tagInHeader(tag: string): string | undefined;
  /** Whether a request asks for fresh values, and may. */
  wantsFresh(headers: unknown, context: object): boolean;
  /** Has a request answered with fresh values, where it asks for them and may; answers how that ends. */
  freshen(headers: unknown, context: object): (() => void) | undefined;
  /** Takes notes of an execution, where its answer may be kept by others for a while. */
  follow(operation: OperationGiven, context: object): ExecutionNotes | undefined;
  /** What is said of an answer. */
  head(answer: AnswerMade): AnswerHead;
}

/**
 * Decides what answers tell caches of whole answers, for every server; plugins only write it down. Whatever it says holds for
 * each reader: an answer that is not known to be the same for others is kept nowhere.
 */
export class HttpAnswers implements HttpCaching {
  readonly #options: HttpAnswersOptions;
  readonly #tagHeader: TagHeader | undefined;
  readonly #entityTags = new WeakMap<object, string>();

  constructor(options: HttpAnswersOptions) {
    this.#options = options;
    const { tags } = options.options;
    this.#tagHeader = tags && new TagHeader(tags);
  }

  tagInHeader(tag: string): string | undefined {
    return this.#tagHeader?.of(tag);
  }

  wantsFresh(headers: unknown, context: object): boolean {
    const { mayRefresh } = this.#options.options;
    if (mayRefresh === undefined || !asksForFresh(headerOf(headers, 'cache-control'))) return false;
    // In JavaScript it may answer with a promise, which is no yes.
    return mayRefresh(context) === true;
  }

  freshen(headers: unknown, context: object): CallOff | undefined {
    const { traces, clock } = this.#options;
    if (!this.wantsFresh(headers, context)) return undefined;
    const told = traces.of(context);
    const trace = told ?? new Trace();
    trace.wantFresh(clock.nowMs());
    return told === undefined ? traces.follow(context, trace) : undefined;
  }

  follow(operation: OperationGiven, context: object): ExecutionNotes | undefined {
    const { options, traces, countersOf } = this.#options;
    if ((options.maxAge ?? 'none') === 'none' || traces.of(context) !== undefined) return undefined;
    const plan = this.#planOf(operation);
    if (plan === undefined || plan.isWrittenBehind || sharingOf(plan) !== 'everybody') return undefined;
    const recording = new Recording({ countersOf });
    const end = traces.follow(context, recording);
    return { end, freshness: () => recording.recordedFor(plan.read) };
  }

  head(answer: AnswerMade): AnswerHead {
    const { operation, freshness, hint, method } = answer;
    const plan = operation && isPlain(answer) ? this.#planOf(operation) : undefined;
    if (plan === undefined) return KEPT_NOWHERE;
    const { maxAge = 'none' } = this.#options.options;
    if (maxAge === 'none' && method !== 'GET') return HEADS[sharingOf(plan)];
    const headers = this.#keeping(plan, freshness, hint?.maxAge);
    if (method !== 'GET') return { headers, isUnmodified: false };
    // The same text is written as one of two media types.
    headers.set('vary', 'Accept');
    const entityTag = this.#entityTagOf(answer);
    if (entityTag === undefined) return { headers, isUnmodified: false };
    headers.set('etag', entityTag);
    return { headers, isUnmodified: isNamedBy(headerOf(answer.headers, 'if-none-match'), entityTag) };
  }

  #planOf(operation: OperationGiven): OperationPlan | undefined {
    return this.#options.isAuthorized ? undefined : this.#options.plans.of(operation);
  }

  #keeping(plan: OperationPlan, freshness: Freshness | undefined, most = Infinity): Map<string, string> {
    const { options, clock } = this.#options;
    const { maxAge } = options;
    const isKnown = freshness !== undefined && !plan.isWrittenBehind;
    const leftMs = isKnown ? Math.min(freshness.untilMs - clock.nowMs(), most * 1000) : 0;
    const tags = freshness && leftMs >= 1000 ? this.#tagHeader?.valueOf(freshness.tags) : undefined;
    // What no tag could purge is not kept.
    const isPurgeable = this.#tagHeader === undefined || tags !== undefined;
    const seconds = isPurgeable ? Math.floor(leftMs / 1000) : 0;
    const sharing = sharingOf(plan);
    const headers = new Map([['cache-control', cacheControl(sharing, { seconds, maxAge })]]);
    if (this.#tagHeader !== undefined && tags !== undefined && sharing === 'everybody')
      headers.set(this.#tagHeader.name, tags);
    return headers;
  }

  #entityTagOf({ result, kept }: AnswerMade): string | undefined {
    if (kept === undefined) return entityTagOfData(result?.data);
    let entityTag = this.#entityTags.get(kept);
    if (entityTag === undefined) {
      entityTag = entityTagOf(kept.text);
      this.#entityTags.set(kept, entityTag);
    }
    return entityTag;
  }
}

function sharingOf({ variantsOf }: OperationPlan): Sharing {
  return variantsOf.length > 0 ? 'one variant' : 'everybody';
}

function headFor(sharing: Sharing): AnswerHead {
  const text = cacheControl(sharing, { seconds: 0, maxAge: 'none' });
  return { headers: new Map([['cache-control', text]]), isUnmodified: false };
}

const KEPT_NOWHERE = headFor('one reader');
/** Of answers that every cache has to ask about, and that have no name. */
const HEADS = {
  everybody: headFor('everybody'),
  'one variant': headFor('one variant'),
  'one reader': KEPT_NOWHERE,
} satisfies Record<Sharing, AnswerHead>;

/** Whether an answer has its data and nothing else: what others add to it may be about one request. */
function isPlain({ result, isSpecial, hint }: AnswerMade): boolean {
  if (isSpecial || hint?.scope === 'PRIVATE') return false;
  if (result === undefined || result.errors !== undefined || result.extensions !== undefined) return false;
  return typeof result.data === 'object' && result.data !== null;
}

function entityTagOfData(data: unknown): string | undefined {
  try {
    return entityTagOf(JSON.stringify(data));
  } catch {
    // The server may know how to write what JSON does not, such as BigInt; such an answer has no tag.
    return undefined;
  }
}
