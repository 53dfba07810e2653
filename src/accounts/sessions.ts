import type { Database } from '../database/database.js';
import type { Prisma, Role } from '../generated/prisma/client.js';
import { optionalWrites } from './optional-writes.js';
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

/** An open session, as its owner sees it. */
export interface SessionState {
  readonly createdAt: Date;
  /** Not later than this, and up to five minutes earlier than it was used last. */
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly isCurrent: boolean;
}

/** A session that has just begun; only the caller has the token. */
export interface OpenedSession {
  readonly token: string;
  readonly expiresAt: Date;
}

export interface Sessions {
  /** Opens a session, and ends the oldest ones of the account past its bound. */
  open(userId: number): Promise<OpenedSession>;
  /** Makes an account and opens its first session: both are there afterwards, or neither. */
  openWith<Account extends { readonly id: number }>(
    makeAccount: (transaction: Transaction) => Promise<Account>,
  ): Promise<{ readonly account: Account; readonly opened: OpenedSession }>;
  /** Who holds this token, or undefined: unknown, expired or signed out. Each use moves the end on. */
  authenticate(token: string): Promise<{ viewer: Viewer; session: OpenSession } | undefined>;
  /**
   * Ends a session; resolves once no process accepts it any more. While the store is away, processes that still reach
   * it may accept the session until this one reaches it again.
   */
  end(session: OpenSession): Promise<void>;
  /** Ends all sessions of an account, as `end` does, and answers how many of them were open. */
  endAll(userId: number): Promise<number>;
  /** The open sessions of an account, the one that was used last first. */
  list(userId: number, current: OpenSession | undefined): Promise<SessionState[]>;
}

export interface SessionOptions {
  readonly database: Pick<Database, 'prisma' | 'forTable'>;
  readonly cache: SessionCache;
  readonly nowMs: () => number;
  /** A session ends so long after it was opened, however much it is used. */
  readonly maxAgeMs: number;
  /** How many sessions an account has at most. */
  readonly maxPerAccount: number;
  /** Told when the end of a session could not be moved on, as the database takes no writes. */
  readonly onNotExtended: (error: unknown) => void;
}

type Transaction = Prisma.TransactionClient;

const LIFETIME_SECONDS = 2 * 60 * 60;
const LIFETIME_MS = LIFETIME_SECONDS * 1000;
/** How much of its life a session has lost before a use writes the new end to the database. */
const EXTEND_AFTER_MS = 5 * 60 * 1000;
const ROLE_SECONDS = 60;
/**
 * How long a session and its user are believed past their time where the database is away: what is written behind goes on
 * meanwhile. Those that were ended are not found at all. A second is enough for a session, which is kept as long as it lasts, and
 * leaves nothing of made-up ones behind.
 */
const SESSION_BRIDGED_SECONDS = 1;
const USER_BRIDGED_SECONDS = 60;
/** Made-up tokens must not fill the cache for long. */
const UNKNOWN_SECONDS = 4;

/** Sessions in the database, read through the cache. Their end is checked at every use, wherever they come from. */
export function createSessions(options: SessionOptions): Sessions {
  const { database, cache, nowMs, maxAgeMs, maxPerAccount, onNotExtended } = options;
  const { prisma } = database;
  const extendIfPossible = optionalWrites({ nowMs, onFailure: onNotExtended });
  const select = { userId: true, createdAt: true, lastUsedAt: true, expiresAt: true };
  const loadSession = (tokenHash: string) => () =>
    prisma.session.findUnique({ where: { tokenHash }, select });
  const loadViewer = (id: number) => () =>
    prisma.user.findUnique({ where: { id }, select: { id: true, role: true } });
  const lastMomentOf = ({ createdAt }: { createdAt: Date }): number => createdAt.getTime() + maxAgeMs;
  const isOpen = (session: { createdAt: Date; expiresAt: Date }, now: number): boolean =>
    now < session.expiresAt.getTime() && now < lastMomentOf(session);

  /** Only moves an end that is still ahead: a session that is over, or signed out meanwhile, stays so. */
  async function extend(tokenHash: string, lastMomentMs: number): Promise<void> {
    const now = nowMs();
    const { count } = await prisma.session.updateMany({
      where: {
        tokenHash,
        expiresAt: { gt: new Date(now) },
        lastUsedAt: { lte: new Date(now - EXTEND_AFTER_MS) },
      },
      data: {
        lastUsedAt: new Date(now),
        expiresAt: new Date(Math.min(now + LIFETIME_MS, lastMomentMs)),
        version: { increment: 1 },
      },
    });
    if (count === 0) return;
    await cache.invalidate([sessionKey(tokenHash)]).catch(() => {
      // The store is away. What it may still hold ends earlier than the session, never later, so it is safe to go on.
    });
  }

  /** Sessions of one account are opened, bounded and ended one at a time: of two at once, none would see the other's. */
  function oneAtATime<T>(userId: number, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const begin = (): Promise<T> =>
      prisma.$transaction(async (tx) => {
        await tx.$queryRaw`SELECT "id" FROM "User" WHERE "id" = ${userId} FOR NO KEY UPDATE`;
        return work(tx);
      });
    return database.forTable('Session', begin);
  }

  async function insertSession(
    transaction: Transaction,
    userId: number,
    now: number,
  ): Promise<OpenedSession> {
    const token = createToken();
    const expiresAt = new Date(now + Math.min(LIFETIME_MS, maxAgeMs));
    const moment = new Date(now);
    await transaction.session.create({
      data: { tokenHash: hashToken(token), userId, createdAt: moment, lastUsedAt: moment, expiresAt },
    });
    return { token, expiresAt };
  }

  async function forget(tokenHashes: readonly string[]): Promise<void> {
    if (tokenHashes.length === 0) return;
    await cache.invalidate(tokenHashes.map(sessionKey)).catch(() => {
      // The store is away, which the cache has logged. The rows are gone, and what the store holds from before is not
      // served here again: an error would only make its reader believe that the sessions go on.
    });
  }

  return {
    async open(userId) {
      const now = nowMs();
      const { ended, opened } = await oneAtATime(userId, async (tx) => {
        await tx.session.deleteMany({ where: { userId, expiresAt: { lte: new Date(now) } } });
        const others = await tx.session.findMany({
          where: { userId },
          orderBy: [{ createdAt: 'desc' }, { tokenHash: 'asc' }],
          skip: maxPerAccount - 1,
          select: { tokenHash: true },
        });
        const tooMany = others.map(({ tokenHash }) => tokenHash);
        if (tooMany.length > 0) await tx.session.deleteMany({ where: { tokenHash: { in: tooMany } } });
        return { ended: tooMany, opened: await insertSession(tx, userId, now) };
      });
      await forget(ended);
      return opened;
    },

    openWith(makeAccount) {
      // Not of the share of sessions: where accounts are locked, sessions are read all the same.
      return prisma.$transaction(async (tx) => {
        const account = await makeAccount(tx);
        return { account, opened: await insertSession(tx, account.id, nowMs()) };
      });
    },

    async authenticate(token) {
      if (!isToken(token)) return undefined;
      const tokenHash = hashToken(token);
      const fetched = {
        ttl: LIFETIME_SECONDS,
        negativeTtl: UNKNOWN_SECONDS,
        staleIfError: SESSION_BRIDGED_SECONDS,
      };
      const session = await cache.fetch(sessionKey(tokenHash), fetched, loadSession(tokenHash));
      if (session === null) return undefined;
      const now = nowMs();
      if (!isOpen(session, now)) return undefined;
      const lastMomentMs = lastMomentOf(session);
      // The session holds until its end anyway: a database that takes no writes must not lock its viewer out.
      if (now - session.lastUsedAt.getTime() >= EXTEND_AFTER_MS)
        await extendIfPossible(() => extend(tokenHash, lastMomentMs));
      // Apart from the session, and tagged by the user: a new role counts at once, in every session of that user.
      const { userId } = session;
      const tags = [`user_profile:${userId}`];
      const asked = { ttl: ROLE_SECONDS, staleIfError: USER_BRIDGED_SECONDS, tags };
      const viewer = await cache.fetch(`Viewer:${userId}`, asked, loadViewer(userId));
      return viewer === null ? undefined : { viewer, session: { tokenHash } };
    },

    async end({ tokenHash }) {
      await prisma.session.deleteMany({ where: { tokenHash } });
      await forget([tokenHash]);
    },

    async endAll(userId) {
      const ended = await oneAtATime(userId, async (tx) => {
        const all = await tx.session.findMany({
          where: { userId },
          select: { tokenHash: true, createdAt: true, expiresAt: true },
        });
        await tx.session.deleteMany({ where: { userId } });
        return all;
      });
      await forget(ended.map(({ tokenHash }) => tokenHash));
      // Those that are over lie there until the next one is opened.
      const now = nowMs();
      return ended.filter((session) => isOpen(session, now)).length;
    },

    async list(userId, current) {
      const now = nowMs();
      const rows = await prisma.session.findMany({
        where: {
          userId,
          expiresAt: { gt: new Date(now) },
          createdAt: { gt: new Date(now - maxAgeMs) },
        },
        orderBy: [{ lastUsedAt: 'desc' }, { createdAt: 'desc' }],
        take: maxPerAccount,
      });
      return rows.map(({ tokenHash, createdAt, lastUsedAt, expiresAt }) => ({
        createdAt,
        lastUsedAt,
        expiresAt,
        isCurrent: tokenHash === current?.tokenHash,
      }));
    },
  };
}

function sessionKey(tokenHash: string): string {
  return `Session:${tokenHash}`;
}
