import type { Address } from './topology.js';

/** Why a command was not executed: `moved` to another node, on its way (`ask`), between both (`later`), owned by none. */
export interface Redirect {
  readonly kind: 'moved' | 'ask' | 'later' | 'none';
  /** Undefined where the node does not say; the host is empty where it is its own. */
  readonly to: Address | undefined;
}

const KINDS = { MOVED: 'moved', ASK: 'ask', TRYAGAIN: 'later', 'CLUSTERDOWN Hash slot': 'none' } as const;

/** What an answer says about where a slot is; undefined for every other answer. */
export function redirectOf(error: unknown): Redirect | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, word, host, port] =
    /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN Hash slot)(?: \d+ (\S*):(\d+))?/.exec(error.message) ?? [];
  const kind = Object.entries(KINDS).find(([name]) => name === word)?.[1];
  if (kind === undefined) return undefined;
  return { kind, to: host === undefined ? undefined : { host, port: Number(port) } };
}

/** Where a slot is on its way to, as its owner says; undefined where this says no such thing, or not where. */
export function asksAt(error: unknown, owner: Address | undefined): Address | undefined {
  const redirect = redirectOf(error);
  if (redirect?.kind !== 'ask' || redirect.to === undefined) return undefined;
  const host = redirect.to.host || owner?.host;
  return host === undefined ? undefined : { host, port: redirect.to.port };
}
