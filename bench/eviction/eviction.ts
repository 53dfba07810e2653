import { BoundedMap } from '../../src/cache/store/bounded-map.js';
import { evictions, type Eviction } from '../../src/cache/store/eviction.js';
import { requestsOf, traffics, type Traffic } from './traffic.js';
import { WindowTinyLfu } from './w-tiny-lfu.js';

const ENTRIES = 1000;
const REQUESTS = 100_000;

export const policies = [...evictions.filter((name) => name !== 'ttl'), 'w-tinylfu'] as const;
export type Policy = (typeof policies)[number];

/** Prints, as a table, the hit rates of the normal load under each traffic; all policies see the same requests. */
export function eviction(): void {
  console.log(`| traffic | ${policies.join(' | ')} |\n| --- |${' ---: |'.repeat(policies.length)}`);
  for (const traffic of traffics) {
    const rates = policies.map((policy) => hitRate(traffic, policy, REQUESTS));
    console.log(`| ${traffic.name} | ${rates.map((rate) => (100 * rate).toFixed(1)).join(' | ')} |`);
  }
}

type Use = (key: number) => boolean;

/** The share of hits among normal requests, of their second half: the first one fills the cache. */
export function hitRate(traffic: Traffic, policy: Policy, requests: number): number {
  const use = policy === 'w-tinylfu' ? tinyLfu() : bounded(policy);
  let [normal, hits] = [0, 0];
  for (const { key, isNormal } of requestsOf(traffic, requests)) {
    const isHit = use(key);
    if (!isNormal) continue;
    normal += 1;
    if (normal > requests / 2 && isHit) hits += 1;
  }
  return hits / (requests / 2);
}

function tinyLfu(): Use {
  const cache = new WindowTinyLfu(ENTRIES);
  return (key) => cache.use(key);
}

function bounded(policy: Eviction): Use {
  const map = new BoundedMap<true>({
    maxEntries: ENTRIES,
    maxBytes: Number.MAX_SAFE_INTEGER,
    eviction: policy,
  });
  return (key) => {
    const name = `Film:${key}`;
    if (map.get(name, 0) === true) return true;
    map.set(name, { value: true, valueBytes: 0, expiresAtMs: Infinity });
    return false;
  };
}
