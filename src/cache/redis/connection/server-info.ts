import type { Redis } from 'ioredis';

/** What a server says of itself. */
export interface ServerInfo {
  /** Names this run of the server: another one after a restart, or after another server has taken over. */
  readonly run: string;
  /**
   * Names the run and what it was a primary of: another one also after it was a replica in between, or when a replica has
   * taken over. Entries that were stored under another one may have missed invalidations.
   */
  readonly history: string;
  /** Major and minor. */
  readonly version: readonly [number, number];
  /** A line of that; undefined where it has none of this name. */
  value(name: string): string | undefined;
}

const OLDEST: readonly [number, number] = [6, 2];

/** Where a server is, as messages name it. */
export function addressOf({
  host = '127.0.0.1',
  port = 6379,
  path,
  sentinels,
  name,
}: Redis['options']): string {
  if (sentinels) return `Redis primary ${name} of the sentinels ${sentinelsOf(sentinels).join(', ')}`;
  return `Redis at ${path ?? `${host.includes(':') ? `[${host}]` : host}:${port}`}`;
}

/** Host and port of each. */
export function sentinelsOf(sentinels: NonNullable<Redis['options']['sentinels']>): readonly string[] {
  return sentinels.map(({ host = '127.0.0.1', port = 26_379 }) => `${host}:${port}`);
}

/** A line of INFO; undefined where it has none of this name. */
export function lineOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

export function readInfo(info: string): ServerInfo | undefined {
  const value = (name: string): string | undefined => lineOf(info, name);
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(value('redis_version') ?? '') ?? [];
  const run = value('run_id');
  if (major === undefined || !run) return undefined;
  const history = [run, value('master_replid')].join(' ').trim();
  return { run, history, version: [Number(major), Number(minor)], value };
}

/** Why no server of ours can be what says this of itself, as the end of a sentence; undefined where it can. */
export function versionFaultOf(server: ServerInfo | undefined): string | undefined {
  if (server === undefined) return 'does not say which version it is; use Redis 6.2 or later, or Valkey';
  return isAtLeast(server, OLDEST)
    ? undefined
    : `is version ${server.value('redis_version')}, but Redis 6.2 or later, or Valkey, is needed`;
}

export function isAtLeast(
  { version: [major, minor] }: ServerInfo,
  [least, andMinor]: readonly [number, number],
): boolean {
  return major > least || (major === least && minor >= andMinor);
}
