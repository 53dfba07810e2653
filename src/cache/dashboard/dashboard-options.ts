import type { IncomingMessage } from 'node:http';
import type { CacheLog } from '../log.js';
import type { MaybePromise } from '../maybe-promise.js';
import type { Clock } from '../time/clock.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { written } from '../written.js';

/** What a person types to sign in at the page. */
export interface Credentials {
  /** A name or an e-mail address. */
  readonly name: string;
  readonly password: string;
}

/** A token for `Authorization: Bearer`, or a sentence that says why there is none. */
export type SignedIn = { readonly token: string } | { readonly refusal: string };

export interface CacheDashboardOptions {
  /**
   * Whether this request comes from a person who may look after the cache. It is asked for every request of figures and of changes, and
   * twice a minute while figures are sent. An error counts as no. Must be given in production; elsewhere the default is yes for programs on
   * the same machine, and no for all others.
   */
  readonly authorize?: ((request: IncomingMessage) => MaybePromise<boolean>) | undefined;
  /**
   * Answers the sign-in form of the page. Default: the page asks for a token, for servers that take tokens; servers that set cookies need
   * neither.
   */
  readonly signIn?:
    ((credentials: Credentials, request: IncomingMessage) => MaybePromise<SignedIn>) | undefined;
  /** Ends the session of this request. Default: the page forgets its token, and the token goes on. */
  readonly signOut?: ((request: IncomingMessage) => MaybePromise<void>) | undefined;
  /** Where the page is, as `request.originalUrl` or `request.url` says it; default `/cache`. */
  readonly path?: string | undefined;
  /** What fails is told here; default the warnings of the process. */
  readonly log?: CacheLog | undefined;
  /** For tests; default the machine's. */
  readonly clock?: Clock | undefined;
}

const dashboardOptions = {
  authorize: true,
  signIn: true,
  signOut: true,
  path: true,
  log: true,
  clock: true,
} satisfies Record<keyof CacheDashboardOptions, true>;

const PATH = /^(\/[\w.~-]+)+$/;

/** @throws CacheError naming every option that does not exist or cannot be. */
export function checkDashboard(options: CacheDashboardOptions, isProduction: boolean): void {
  const faults = unknownOptions(options, dashboardOptions);
  for (const name of ['authorize', 'signIn', 'signOut'] as const) {
    const given: unknown = options[name];
    if (given !== undefined && typeof given !== 'function') {
      faults.push(`${name} must be a function of the request, but got ${written(given)}`);
    }
  }
  if (isProduction && options.authorize === undefined) {
    faults.push('authorize must be given in production: it says who may look after the cache');
  }
  const { path } = options;
  if (path !== undefined && !PATH.test(path)) {
    faults.push(`path must be like /cache, without a slash at its end, but got ${written(path)}`);
  }
  refuseFaults('cacheDashboard', faults);
}
