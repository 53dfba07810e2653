import { MAX_TAGS, MAX_TTL_SECONDS } from '../codec/entry.js';
import { namespaceOf } from '../keys/namespace.js';
import { timerFaults } from '../time/timer-limit.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { written } from '../written.js';
import { varyFault } from './clear.js';
import type { FetchOptions } from './fetch.js';
import type { Variants } from '../vary/variants.js';

const fetchOptions = {
  ttl: true,
  tags: true,
  vary: true,
  negativeTtl: true,
  swr: true,
  staleIfError: true,
  softTimeoutMs: true,
  local: true,
  maxBytes: true,
  signal: true,
} satisfies Record<keyof FetchOptions, true>;

const NONE = Object.freeze({});
const LONG = ['ttl', 'swr', 'staleIfError'] as const;
const NOT_NEGATIVE = ['negativeTtl', 'swr', 'staleIfError', 'local', 'maxBytes'] as const;

export interface FetchCall {
  readonly key: unknown;
  readonly options: unknown;
  readonly load: unknown;
  readonly variants: Variants;
  /** The namespaces that are written behind. */
  readonly behind: ReadonlySet<string>;
}

/** @throws CacheError naming everything that is wrong with a call of `cache.fetch`; JavaScript may hand over anything. */
export function checkFetch({ key, options, load, variants, behind }: FetchCall): void {
  const given: Readonly<Record<string, unknown>> = isObject(options) ? options : NONE;
  const { ttl, tags, softTimeoutMs, local, negativeTtl, signal } = given;
  const faults = unknownOptions(given, fetchOptions);
  if (typeof key !== 'string') faults.push(`the key must be a text such as "A:1", but got ${written(key)}`);
  else if (key === '') faults.push('the key must not be empty');
  else if (key.indexOf(':') < 1)
    faults.push(
      'the key must begin with a namespace and a colon, such as "Report:42": it is counted by its namespace',
    );
  else if (!key.isWellFormed()) faults.push('the key must be well-formed text, without lone surrogates');
  if (tags !== undefined) addTagFaults(faults, tags);
  if (Array.isArray(tags) && tags.length > MAX_TAGS)
    faults.push(`there must be at most ${MAX_TAGS} tags, but got ${tags.length}`);
  const isBehind = typeof key === 'string' && behind.has(namespaceOf(key));
  faults.push(...varyFaults(given['vary'], variants));
  if (!isBehind) faults.push(...unnamedFaults(given['vary'], variants));
  else if (Array.isArray(tags) && tags.length > 0) faults.push(...untenantedFaults(given['vary'], variants));
  if (!isPositive(ttl)) faults.push(`ttl must be a positive number of seconds, but got ${written(ttl)}`);
  for (const name of LONG) {
    const seconds = given[name];
    if (typeof seconds === 'number' && seconds > MAX_TTL_SECONDS)
      faults.push(`${name} must be at most 45 days, but got ${seconds} seconds`);
  }
  for (const name of NOT_NEGATIVE) {
    const value = given[name];
    if (value === undefined || (typeof value === 'number' && value >= 0)) continue;
    const mustBe = typeof value === 'number' ? 'not be negative' : 'be a number';
    faults.push(`${name} must ${mustBe}, but got ${written(value)}`);
  }
  if (isBehind) {
    const because = `because the namespace "${namespaceOf(key)}" is written behind`;
    if (typeof local === 'number' && local > 0) faults.push(`local must be 0, ${because}`);
    if (Object.values(given['vary'] ?? NONE).some((value) => value !== undefined))
      faults.push(`vary must be left out, ${because}`);
  }
  if (softTimeoutMs !== undefined) faults.push(...timerFaults('softTimeoutMs', softTimeoutMs));
  for (const [name, seconds] of Object.entries({ local, negativeTtl })) {
    if (typeof seconds === 'number' && typeof ttl === 'number' && seconds > ttl)
      faults.push(`${name} must not be longer than ttl, but got ${name}: ${seconds} and ttl: ${ttl}`);
  }
  if (signal !== undefined && !(isObject(signal) && 'aborted' in signal))
    faults.push(`signal must be an AbortSignal, but got ${written(signal)}`);
  if (typeof load !== 'function')
    faults.push(`the third argument must be a function that loads, but got ${written(load)}`);
  refuseFaults('cache.fetch', faults, 'CACHE_FETCH_OPTIONS');
}

/** @throws CacheError where the tags of `cache.invalidate` are no list of texts. */
export function checkInvalidate(tags: unknown): void {
  const faults: string[] = [];
  addTagFaults(faults, tags);
  refuseFaults('cache.invalidate', faults, 'CACHE_FETCH_OPTIONS');
}

function varyFaults(vary: unknown, { functions }: Variants): string[] {
  if (vary !== undefined && (!isObject(vary) || Array.isArray(vary)))
    return [`vary must be an object such as { tenant: "acme" }, but got ${written(vary)}`];
  const declared = [...functions.keys()];
  return Object.entries(vary ?? NONE).flatMap(([name, value]) => {
    const fault = varyFault(name, value, declared);
    return fault === undefined ? [] : [`vary: ${fault}`];
  });
}

function unnamedFaults(vary: unknown, { rowNames }: Variants): string[] {
  return unnamed(vary, rowNames).map(
    (name) =>
      `vary must name ${name}, whose values have rows of their own (varyTags); pass vary: { ${name}: … }`,
  );
}

/** What is written behind belongs to no tenant, and its tags then name rows of none: its caller must have meant that. */
function untenantedFaults(vary: unknown, { rowNames }: Variants): string[] {
  return unnamed(vary, rowNames).map(
    (name) =>
      `tags would name rows without ${name} only (varyTags), because the key is written behind; leave tags out, or pass ` +
      `vary: { ${name}: undefined }`,
  );
}

function unnamed(vary: unknown, rowNames: Variants['rowNames']): string[] {
  const named = isObject(vary) ? Object.keys(vary) : [];
  return [...rowNames].filter((name) => !named.includes(name));
}

function addTagFaults(faults: string[], tags: unknown): void {
  const mustBe = 'tags must be a list of texts such as ["Movie:42"]';
  if (!Array.isArray(tags)) {
    faults.push(`${mustBe}, but got ${written(tags)}`);
    return;
  }
  const at = tags.findIndex((tag) => typeof tag !== 'string');
  if (at >= 0) faults.push(`${mustBe}, but tags[${at}] is ${written(tags[at])}`);
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
