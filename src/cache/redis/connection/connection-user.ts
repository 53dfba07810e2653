import type { Redis } from 'ioredis';
import type { CacheLog } from '../../log.js';
import type { ServerInfo } from './server-info.js';

/** Sends commands, bounded in time. */
export type Ask = <T>(commands: (redis: Redis) => Promise<T>) => Promise<T>;

/** What a connection needs of the store or journal that it serves. */
export interface ConnectionUser {
  readonly log: CacheLog;
  /** Whether a server that is weak is used from the start; otherwise that is refused. */
  readonly mayBeWeak?: boolean;
  /** Where it hears of others, and what to do then. Without that it is only slower. */
  readonly channel?: { readonly name: string; onMessage(message: string): void };
  /**
   * Looks at a server that answers, before anything else is asked: what it is too weak in, as the end of a sentence.
   * @throws UnfitServer where it cannot be used at all.
   */
  inspect?(ask: Ask, server: ServerInfo): Promise<string | undefined>;
  /** Uses every command that will be used, once. @throws Error what the server refused. */
  tryOut(redis: Redis): Promise<void>;
  /** Sees to it that what the server has may be believed. `mustForget`: nothing that was stored so far may be. */
  rejoin?(ask: Ask, server: ServerInfo, mustForget: boolean): Promise<void>;
  /** Called when it goes away, before anything else can be asked. */
  onAway?(): void;
}

/** A server that waiting does not make usable; the message is the end of a sentence that begins with its address. */
export class UnfitServer extends Error {}
