import { refuseFaults, unknownOptions } from '../unknown-options.js';
import type { BoundedBy } from './bounded-writes.js';
import { headerOf } from './request-headers.js';
import type { Trace } from './trace.js';

/** What the plugins of servers read of a cache. */
export interface EvidenceSource {
  readonly isProduction: boolean;
  trace(context: object): Trace;
  readonly stats: { timeOperation(): () => void };
  readonly writes: {
    boundedBy(context: object): BoundedBy | undefined;
    /** What the slowest of the other regions lags, milliseconds; undefined where that is not known. */
    regionLagMs(): number | undefined;
  };
}

/** What a plugin of a server is told. */
export interface EvidenceOptions<Request> {
  /**
   * Whether this request is answered with `extensions.cache`. By default: with the header `x-cache-debug: 1`, except in
   * production.
   */
  readonly evidence?: (request: Request) => boolean;
}

const evidenceOptions = { evidence: true } satisfies Record<keyof EvidenceOptions<unknown>, true>;

/** What tells the plugins apart. */
export interface AnswersOptions<Request> {
  /** What the plugin is made with, as its errors call it. */
  readonly call: string;
  readonly options: EvidenceOptions<Request>;
  /** What `evidence` is a function of, as its error calls it. */
  readonly argument: string;
  readonly headersOf: (request: Request) => unknown;
}

/** Begins the answers of one server. */
export interface AnswersBegun<Request> {
  /** Whether a request is answered with the evidence. */
  hasEvidence(request: Request): boolean;
  /** Called before the request is executed. */
  begin(request: Request, context: object): Told;
}

/** What begins the answers of one server. @throws CacheError naming every option that does not exist or cannot be. */
export function answersOf<Request>(
  cache: EvidenceSource,
  { call, options, argument, headersOf }: AnswersOptions<Request>,
): AnswersBegun<Request> {
  const faults = unknownOptions(options, evidenceOptions);
  const byHeader = (request: Request): boolean => !cache.isProduction && asksForEvidence(headersOf(request));
  const { evidence = byHeader } = options;
  if (typeof evidence !== 'function') faults.push(`evidence must be a function of the ${argument}`);
  refuseFaults(call, faults);
  // In JavaScript it may answer with a promise, which is no yes.
  const hasEvidence = (request: Request): boolean => evidence(request) === true;
  return { hasEvidence, begin: (request, context) => beginAnswer(cache, context, hasEvidence(request)) };
}

/** True for headers of a request with `x-cache-debug: 1`. */
export function asksForEvidence(headers: unknown): boolean {
  return headerOf(headers, 'x-cache-debug') === '1';
}

/** What `extensions.cache` says, asked for once the answer is there; undefined where nothing is to be added. */
export type Told = () => object | undefined;

/**
 * At the end of an answer it tells the evidence, where the request may have it, and to every
 * request that a write was acknowledged before its invalidation was known to be applied, with what was waited for in vain.
 */
function beginAnswer(cache: EvidenceSource, context: object, hasEvidence: boolean): Told {
  const end = cache.stats.timeOperation();
  const trace = hasEvidence ? cache.trace(context) : undefined;
  return () => {
    end();
    const because = cache.writes.boundedBy(context);
    if (trace === undefined && because === undefined) return undefined;
    const lagMs = because === 'regions' ? cache.writes.regionLagMs() : undefined;
    return {
      ...trace?.report(),
      ...(because && { consistency: 'bounded', because }),
      ...(lagMs !== undefined && { lagMs }),
    };
  };
}

/** The extensions of an answer with `cache` added to them. */
export function withCache(extensions: object | undefined, cache: object): Record<string, unknown> {
  return { ...extensions, cache };
}
