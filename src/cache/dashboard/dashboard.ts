import { textOf } from '../errors.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cache } from '../cache.js';
import { type CacheLog, warningLog } from '../log.js';
import { systemClock } from '../time/clock.js';
import { type Access, type AccessCheck, createAccess, isOfThisSite } from './access.js';
import { answerLetters, answerPurge, listLetters } from './changes.js';
import { type CacheDashboardOptions, checkDashboard } from './dashboard-options.js';
import { Feed } from './feed.js';
import type { SessionReply } from './messages.js';
import { readJson } from './read-json.js';
import { json, refusal, Refused, type Reply, send } from './replies.js';
import { createStaticFiles } from './static-files.js';

/** What is used of a cache. */
export type ShownCache = Pick<Cache<never>, 'stats' | 'tools' | 'writes' | 'invalidate' | 'isProduction'>;

/** A page that shows and steers a cache. */
export interface CacheDashboard {
  /**
   * Answers a request of `node:http`, and so of Express (`app.use('/cache', dashboard.handle)`) and of Fastify; what lies at no path of the
   * page gets 404. Resolves once the request is answered, or figures have begun to be sent, and never rejects.
   */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Ends the connections of open pages, which a server would wait for. Call it before you close the server and the cache. */
  close(): Promise<void>;
}

/**
 * Makes the page. Nothing is read while no page is open. @throws CacheError naming every option that cannot be, in production also where
 * `authorize` is missing.
 */
export function cacheDashboard(cache: ShownCache, options: CacheDashboardOptions = {}): CacheDashboard {
  checkDashboard(options, cache.isProduction);
  const { authorize, path = '/cache', log = warningLog, clock = systemClock } = options;
  const feed = new Feed({ stats: cache.stats, clock, log });
  const site: Site = {
    ...{ cache, options, feed, path },
    access: createAccess(authorize, log),
    files: createStaticFiles(options.signIn !== undefined),
  };
  return {
    handle: async (request, response) => {
      try {
        const reply = await answer(site, request, response);
        if (reply !== 'begun') send(response, reply);
      } catch (error) {
        if (error instanceof Refused) send(response, refusal(error.status, error.message));
        else fail(response, error, log);
      }
    },
    close: () => feed.close(),
  };
}

interface Site {
  readonly cache: ShownCache;
  readonly options: CacheDashboardOptions;
  readonly feed: Feed;
  readonly path: string;
  readonly access: AccessCheck;
  readonly files: ReturnType<typeof createStaticFiles>;
}

type Answer = Reply | 'begun';

async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
  const { path, files } = site;
  const full = pathOf(request);
  // The files are named relative to the page, so that they are found behind a proxy that puts a path in front.
  if (full === path)
    return { status: 308, headers: { location: `.${path.slice(path.lastIndexOf('/'))}/` }, body: '' };
  const place = full.startsWith(`${path}/`) ? full.slice(path.length) : undefined;
  if (place === undefined) return nothingHere;
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  const found = isReading ? files(place, request) : undefined;
  if (found !== undefined) return found;
  const route = routes.get(`${request.method} ${place}`);
  if (route === undefined) return nothingHere;
  if (!isOfThisSite(request)) return refusal(403, 'Pages of other sites may not ask here.');
  if (route.isOpen !== true) {
    const refused = await refusalFor(site, request);
    if (refused !== undefined) return refused;
  }
  return route.answer(site, request, response);
}

interface Route {
  /** True where it answers people who are not known yet. */
  readonly isOpen?: true;
  readonly answer: (
    site: Site,
    request: IncomingMessage,
    response: ServerResponse,
  ) => Promise<Answer> | Answer;
}

const routes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['GET /session', { answer: sayWhoMay, isOpen: true }],
  ['GET /figures', { answer: beginFigures }],
  ['GET /dead-letters', { answer: ({ cache }) => listLetters(cache) }],
  ['POST /purge', withBody(({ cache }, body) => answerPurge(cache, body))],
  ['POST /dead-letters/replay', withBody(({ cache }, body) => answerLetters(cache, 'replay', body))],
  ['POST /dead-letters/discard', withBody(({ cache }, body) => answerLetters(cache, 'discard', body))],
  ['POST /sign-in', { ...withBody(signIn), isOpen: true }],
  ['POST /sign-out', withBody(signOut)],
]);

function withBody(
  act: (site: Site, body: Readonly<Record<string, unknown>>, request: IncomingMessage) => Promise<Reply>,
): Route {
  return { answer: async (site, request) => act(site, await readJson(request), request) };
}

/** The same as the refusals say, as an answer: the page asks before it has figures sent. */
async function sayWhoMay(site: Site, request: IncomingMessage): Promise<Reply> {
  const access = await site.access(request);
  return json({ access, message: sentenceFor(site, access) } satisfies SessionReply);
}

async function refusalFor(site: Site, request: IncomingMessage): Promise<Reply | undefined> {
  const access = await site.access(request);
  if (access === 'allowed') return undefined;
  return refusal(access === 'unknown' ? 401 : 403, sentenceFor(site, access));
}

function sentenceFor({ options: { authorize } }: Site, access: Access): string {
  if (access === 'allowed') return '';
  if (authorize === undefined) {
    return 'Without the option authorize, this page is open on the machine of the server only.';
  }
  return access === 'unknown'
    ? 'Sign in to see this.'
    : 'You may not look after this cache, or your session has ended; sign in with another account.';
}

function beginFigures({ feed, access }: Site, request: IncomingMessage, response: ServerResponse): Answer {
  if (feed.isClosed) return refusal(503, 'The server is stopping.', { 'retry-after': '5' });
  if (feed.isFull) return refusal(503, 'Too many pages are open; close one.', { 'retry-after': '30' });
  feed.add(response, async () => (await access(request)) === 'allowed');
  return 'begun';
}

async function signIn(
  { options }: Site,
  { name, password }: Readonly<Record<string, unknown>>,
  request: IncomingMessage,
): Promise<Reply> {
  if (options.signIn === undefined) return nothingHere;
  if (typeof name !== 'string' || typeof password !== 'string') {
    throw new Refused(400, 'Send a name and a password.');
  }
  const signedIn = await options.signIn({ name, password }, request);
  return 'token' in signedIn ? json({ token: signedIn.token }) : refusal(401, signedIn.refusal);
}

async function signOut({ options }: Site, _body: object, request: IncomingMessage): Promise<Reply> {
  await options.signOut?.(request);
  return json({});
}

const nothingHere = refusal(404, 'There is nothing here.');

/** Express takes the path of a mount away, and keeps it as `originalUrl`. */
function pathOf(request: IncomingMessage): string {
  const original: unknown = Reflect.get(request, 'originalUrl');
  const url = typeof original === 'string' ? original : (request.url ?? '');
  return url.split('?')[0] ?? '';
}

function fail(response: ServerResponse, error: unknown, log: CacheLog): void {
  log.error({ reason: textOf(error) }, 'cacheDashboard: a request failed');
  if (response.headersSent) response.destroy();
  else send(response, refusal(500, 'It could not be done; the log says why.'));
}
