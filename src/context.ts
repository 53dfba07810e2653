import { GraphQLError } from 'graphql';
import { addressGroup } from './accounts/address-group.js';
import type { Attempts } from './accounts/attempts.js';
import type { HashingQueue } from './accounts/hashing-queue.js';
import type { Passwords } from './accounts/passwords.js';
import type { OpenSession, Sessions, Viewer } from './accounts/sessions.js';
import { unauthenticated } from './api-errors/api-error.js';
import type { DeadLetter } from './cache/types/index.js';
import type { Database } from './database/database.js';
import { localeOf, type Locale } from './schema/locales.js';
import type { FilmLengths } from './origins/film-lengths.js';
import type { SimilarMovies } from './origins/similar-movies.js';
import type { Scans } from './limits/scans.js';
import type { MovieCursors } from './resolvers/movie-cursor.js';

/** What the API tells an operator; the log of a request names its request id. */
export interface ApiLog {
  info(details: Readonly<Record<string, unknown>>, message: string): void;
  warn(details: Readonly<Record<string, unknown>>, message: string): void;
  error(details: Readonly<Record<string, unknown>>, message: string): void;
}

/** What the database refused for good of the writes that were accepted, for those who look after the API. */
export interface DeadLetters {
  list(): Promise<readonly DeadLetter[]>;
  /** True where it is flushed once more; false where there is no such letter, or a newer write waits already. */
  replay(key: string): Promise<boolean>;
}

/** What lives as long as the API and is the same for every request. */
export interface ApiServices {
  readonly database: Database;
  readonly passwords: Passwords;
  readonly hashing: HashingQueue;
  readonly attempts: Attempts;
  readonly sessions: Sessions;
  readonly filmLengths: FilmLengths;
  readonly similarMovies: SimilarMovies;
  readonly cursors: MovieCursors;
  readonly scans: Scans;
  readonly deadLetters: DeadLetters;
}

/** The other end of a connection. */
export interface Client {
  /** Its IP address; undefined where there is none. */
  readonly address: string | undefined;
  /** Fires when the connection closes before the answer was sent. */
  gone(): AbortSignal;
}

/**
 * What resolvers and origins are given. All that belongs to one viewer stands under `viewer`, `session` and
 * `provenUserId`; the fields of a mutation run one after the other, and what one of them changes here counts for the next. In development
 * loads that everybody shares may read only what `neutral` of the cache names.
 */
export interface ApiContext extends ApiServices {
  readonly requestId: string;
  readonly log: ApiLog;
  /** Undefined for a guest. */
  readonly viewer: Viewer | undefined;
  readonly session: OpenSession | undefined;
  /** The language of the reader. */
  readonly locale: Locale;
  /** The account that this document has just signed in to or made: its owner asks, though the viewer is another one. */
  readonly provenUserId: number | undefined;
  readonly client: Client;
  /** Whose share of what is scarce a request takes: that of its viewer, or of its address; see address-group.ts. */
  readonly scansFor: string;
}

export interface ContextOptions {
  readonly services: ApiServices;
  readonly authorization: string | undefined;
  readonly acceptLanguage: string | undefined;
  /** The network address of the client. */
  readonly address: string;
  readonly requestId: string;
  readonly log: ApiLog;
  readonly client: Client;
}

/** The context of one request. @throws GraphQLError when it brings a token that is not, or not any more, good. */
export async function createContext(options: ContextOptions): Promise<ApiContext> {
  const { services, authorization, acceptLanguage, address, requestId, log, client } = options;
  const signedIn =
    authorization === undefined ? undefined : await authenticate(services.sessions, authorization);
  return {
    requestId,
    log,
    viewer: signedIn?.viewer,
    session: signedIn?.session,
    locale: localeOf(acceptLanguage),
    provenUserId: undefined,
    client,
    scansFor: signedIn === undefined ? addressGroup(address) : `viewer ${signedIn.viewer.id}`,
    // Last: each property that follows a spread costs V8 most of a microsecond.
    ...services,
  };
}

async function authenticate(sessions: Sessions, authorization: string) {
  const token = /^Bearer +([^ ]+) *$/i.exec(authorization)?.[1];
  if (token === undefined)
    throw refused('The Authorization header must be "Bearer" and a token from signIn.');
  const signedIn = await sessions.authenticate(token);
  if (signedIn !== undefined) return signedIn;
  throw refused('This session does not exist or has ended; sign in again, without the Authorization header.');
}

/** The whole request is refused, so HTTP says so as well. */
function refused(sentence: string): GraphQLError {
  const { message, extensions } = unauthenticated(sentence);
  return new GraphQLError(message, { extensions: { ...extensions, http: { status: 401 } } });
}
