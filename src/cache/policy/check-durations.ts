import { MAX_TTL_SECONDS } from '../codec/entry.js';
import type { CachedArguments } from './field-site.js';

/** Faults of the numbers of one `@cached`, each as the end of a sentence. */
export function checkDurations(cached: CachedArguments): string[] {
  const { ttl, swr, staleIfError, softTimeoutMs, negativeTtl, refreshEvery, local, maxBytes, pattern } =
    cached;
  const faults: string[] = [];
  if (ttl <= 0) faults.push(`ttl must be a positive whole number of seconds, but got ${ttl}`);
  for (const [name, seconds] of Object.entries({ swr, staleIfError, local })) {
    if (seconds < 0)
      faults.push(`${name} must be 0 or a positive whole number of seconds, but got ${seconds}`);
  }
  for (const [name, seconds] of Object.entries({ negativeTtl, refreshEvery })) {
    if (seconds !== undefined && seconds !== null && seconds <= 0) {
      faults.push(`${name} must be a positive whole number of seconds, but got ${seconds}`);
    }
  }
  for (const [name, seconds] of Object.entries({ ttl, swr, staleIfError })) {
    if (seconds > MAX_TTL_SECONDS)
      faults.push(`${name} must be at most 45 days (${MAX_TTL_SECONDS} seconds), but got ${seconds}`);
  }
  if (maxBytes <= 0) faults.push(`maxBytes must be a positive whole number of bytes, but got ${maxBytes}`);
  if (typeof softTimeoutMs === 'number' && softTimeoutMs <= 0) {
    faults.push(`softTimeoutMs must be a positive whole number of milliseconds, but got ${softTimeoutMs}`);
  } else if (typeof softTimeoutMs === 'number' && staleIfError <= 0) {
    faults.push(
      'softTimeoutMs serves a stale value instead of a slow load, so it needs staleIfError: how old that may be',
    );
  }
  if (ttl > 0 && local > ttl)
    faults.push(`local must not be longer than ttl, but got local: ${local} and ttl: ${ttl}`);
  if (ttl > 0 && typeof negativeTtl === 'number' && negativeTtl > ttl) {
    faults.push(
      `negativeTtl must not be longer than ttl, but got negativeTtl: ${negativeTtl} and ttl: ${ttl}`,
    );
  }
  if (typeof refreshEvery === 'number' && pattern !== 'PREFETCH') {
    faults.push(`refreshEvery is for pattern PREFETCH only; remove it, or use swr with ${pattern}`);
  } else if (typeof refreshEvery === 'number' && ttl > 0 && refreshEvery >= ttl) {
    faults.push(
      `refreshEvery must be shorter than ttl, but got refreshEvery: ${refreshEvery} and ttl: ${ttl}`,
    );
  }
  return faults;
}
