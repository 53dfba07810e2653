import type { PrismaClient, Role } from '../generated/prisma/client.js';
import { createToken, hashToken, isToken } from './session-token.js';

/** Who is asking. */
export interface Viewer {
  readonly id: number;
  readonly role: Role;
}

/** The session of one request, by the hash of its token. */
export interface OpenSession {
  readonly tokenHash: string;
}

/** What sessions need of a cache; the cache of the API fits as it is. */
export interface SessionCache {
  fetch<T>(key: string, options: SessionFetch, load: () => Promise<T>): Promise<T>;
  invalidate(tags: readonly string[]): Promise<void>;
}

interface SessionFetch {
  /** Seconds. */
  readonly ttl: number;
  readonly negativeTtl?: number;
  readonly tags?: readonly string[];
}

export interface Sessions {
  /** Opens a session; the token is in nobody's hands but the caller's. */
  open(userId: number): Promise<{ token: string; expiresAt: Date }>;
  /** Who holds this token, or undefined: unknown, expired or signed out. Each use moves the end on. */
  authenticate(token: string): Promise<{ viewer: Viewer; session: OpenSession } | undefined>;
  /**
   * Ends a session; resolves once no process accepts it any more. While the store is away, processes that still reach
   * it may accept the session until this one reaches it again.
   */
  end(session: OpenSession): Promise<void>;
}

export interface SessionOptions {
  readonly prisma: PrismaClient;
  readonly cache: SessionCache;
  readonly nowMs: () => number;
}

const LIFETIME_SECONDS = 2 * 60 * 60;
const LIFETIME_MS = LIFETIME_SECONDS * 1000;
/** How much of its life a session has lost before a use writes the new end to the database. */
const EXTEND_AFTER_MS = 5 * 60 * 1000;
const ROLE_SECONDS = 60;
/** Made-up tokens must not fill the cache for long. */
const UNKNOWN_SECONDS = 5;

/** Sessions in the database, read through the cache. Their end is checked at every use, wherever they come from. */
export function createSessions({ prisma, cache, nowMs }: SessionOptions): Sessions {
  const loadSession = (tokenHash: string) => () =>
    prisma.session.findUnique({ where: { tokenHash }, select: { userId: true, expiresAt: true } });
  const loadViewer = (id: number) => () =>
    prisma.user.findUnique({ where: { id }, select: { id: true, role: true } });

  /** Only moves an end that is still ahead: a session that is over, or signed out meanwhile, stays so. */
  async function extend(tokenHash: string): Promise<void> {
    const now = nowMs();
    const { count } = await prisma.session.updateMany({
      where: {
        tokenHash,
        expiresAt: { gt: new Date(now), lt: new Date(now + LIFETIME_MS - EXTEND_AFTER_MS) },
      },
      data: { expiresAt: new Date(now + LIFETIME_MS), version: { increment: 1 } },
    });
    if (count === 0) return;
    await cache.invalidate([sessionKey(tokenHash)]).catch(() => {
      // The store is away. What it may still hold ends earlier than the session, never later, so it is safe to go on.
    });
  }

  return {
    async open(userId) {
      const token = createToken();
      const expiresAt = new Date(nowMs() + LIFETIME_MS);
      await prisma.session.deleteMany({ where: { userId, expiresAt: { lte: new Date(nowMs()) } } });
      await prisma.session.create({ data: { tokenHash: hashToken(token), userId, expiresAt } });
      return { token, expiresAt };
    },

    async authenticate(token) {
      if (!isToken(token)) return undefined;
      const tokenHash = hashToken(token);
      const options = { ttl: LIFETIME_SECONDS, negativeTtl: UNKNOWN_SECONDS };
      const session = await cache.fetch(sessionKey(tokenHash), options, loadSession(tokenHash));
      const leftMs = session === null ? 0 : session.expiresAt.getTime() - nowMs();
      if (session === null || leftMs <= 0) return undefined;
      if (leftMs < LIFETIME_MS - EXTEND_AFTER_MS) await extend(tokenHash);
      // Apart from the session, and tagged by the user: a new role counts at once, in every session of that user.
      const { userId } = session;
      const tags = [`user_profile:${userId}`];
      const viewer = await cache.fetch(`Viewer:${userId}`, { ttl: ROLE_SECONDS, tags }, loadViewer(userId));
      return viewer === null ? undefined : { viewer, session: { tokenHash } };
    },

    async end({ tokenHash }) {
      await prisma.session.deleteMany({ where: { tokenHash } });
      await cache.invalidate([sessionKey(tokenHash)]).catch(() => {
        // The store is away, which the cache has logged. The row is gone, and what the store holds from before is not
        // served here again: an error would only make its reader believe that the session goes on.
      });
    },
  };
}

function sessionKey(tokenHash: string): string {
  return `Session:${tokenHash}`;
}
