import type { Redis } from 'ioredis';
import { isAtLeast, lineOf, type ServerInfo } from '../connection/server-info.js';

/**
 * What an acknowledged write survives. `memory`: nothing that ends Redis. `everysec`: a crash of Redis, and of the machine
 * all but about the last second. `always`: also that.
 */
export type Durability = 'memory' | 'everysec' | 'always';

export const DURABILITIES: readonly Durability[] = ['memory', 'everysec', 'always'];

export interface Declared {
  readonly durability: Durability;
  /** Replicas that must have a write before it is acknowledged. */
  readonly replicas: number;
}

/** What the server really does, as far as it tells. */
export interface Actual {
  readonly role: string;
  /** Names this run of the server: another one after a restart, or after another server has taken over. */
  readonly run: string;
  readonly policy: string;
  readonly appendOnly: boolean;
  /** Undefined where the server keeps it to itself. */
  readonly appendFsync: string | undefined;
  /** Whether syncing pauses while the file is rewritten; undefined where the server keeps it to itself. */
  readonly pausesFsync: boolean | undefined;
  readonly replicas: number;
  /** Whether it can wait for replicas to write to their disks: WAITAOF, since Redis 7.2. */
  readonly hasWaitAof: boolean;
}

export async function readActual(redis: Redis, server: ServerInfo): Promise<Actual> {
  const info = await redis.info();
  const value = (name: string): string | undefined => lineOf(info, name);
  // Services often hide CONFIG; most of it is in INFO as well.
  const setting = async (name: string): Promise<string | undefined> => {
    const config: unknown = await redis.config('GET', name).catch((error: unknown) => {
      if (error instanceof Error && error.name === 'ReplyError') return undefined;
      throw error;
    });
    const [, text]: unknown[] = Array.isArray(config) ? config : [];
    return typeof text === 'string' ? text : undefined;
  };
  // One by one: together they need Redis 7.
  const [appendFsync, pauses] = await Promise.all(['appendfsync', 'no-appendfsync-on-rewrite'].map(setting));
  return {
    role: value('role') ?? 'unknown',
    run: server.run,
    policy: value('maxmemory_policy') ?? 'unknown',
    appendOnly: value('aof_enabled') === '1',
    appendFsync,
    pausesFsync: pauses === undefined ? undefined : pauses === 'yes',
    replicas: Number(value('connected_slaves') ?? 0),
    hasWaitAof: isAtLeast(server, [7, 2]),
  };
}

/** Why the server cannot be a journal at all; undefined where it can. */
export function roleFaultOf({ role }: Pick<Actual, 'role'>): string | undefined {
  return role === 'master'
    ? undefined
    : `is a replica (role ${role}), which loses what it is given; name its primary instead`;
}

/** Why the server does not keep what is declared, with the setting to change; undefined where it does. */
export function weaknessOf(actual: Actual, { durability, replicas }: Declared): string | undefined {
  const { policy, appendOnly, appendFsync, pausesFsync } = actual;
  if (policy !== 'noeviction') {
    return (
      `may evict accepted writes (maxmemory-policy ${policy}); set maxmemory-policy noeviction, or give the journal ` +
      'a Redis of its own'
    );
  }
  if (durability !== 'memory' && !appendOnly) {
    return `keeps no append-only file, but durability ${durability} is declared; set appendonly yes, or declare memory`;
  }
  if (durability === 'always' && appendFsync !== 'always') {
    const present = appendFsync ?? 'unknown, as CONFIG GET is not allowed';
    return `does not sync before it answers (appendfsync ${present}), but durability always is declared; set appendfsync always, or declare everysec`;
  }
  if (durability === 'everysec' && appendFsync === 'no') {
    return 'never syncs its append-only file (appendfsync no), but durability everysec is declared; set appendfsync everysec, or declare memory';
  }
  if (
    (durability === 'always' && pausesFsync !== false) ||
    (durability === 'everysec' && pausesFsync === true)
  ) {
    const present = pausesFsync === undefined ? 'unknown, as CONFIG GET is not allowed' : 'yes';
    return (
      `does not sync while it rewrites its append-only file (no-appendfsync-on-rewrite ${present}), but durability ` +
      `${durability} is declared; set no-appendfsync-on-rewrite no, or declare memory`
    );
  }
  if (actual.replicas < replicas) {
    return `has ${actual.replicas} replicas, but ${replicas} are declared; add replicas, or declare fewer`;
  }
  return undefined;
}

/** What an acknowledged write survives, as a sentence. */
export function survivesOf({ durability, replicas }: Declared): string {
  const confirmed = replicas === 0 ? '' : ` ${replicas} of its replicas have it too.`;
  switch (durability) {
    case 'memory':
      return `An acknowledged write is in the memory of Redis: it survives this process, and is lost when Redis dies together with it.${confirmed}`;
    case 'everysec':
      return `An acknowledged write is in the append-only file: it survives a crash of Redis; when the machine dies, about the last second is lost.${confirmed}`;
    case 'always':
      return `An acknowledged write is synced to the disk of Redis: it survives a crash of the machine.${confirmed}`;
  }
}
