import type { CacheOptions } from './cache-options.js';
import { nearestName } from './nearest-name.js';
import { loadOptions } from './stampede/load-bounds.js';
import { originMembers } from './loads/origin.js';
import { varyFaults } from './vary/vary-options.js';
import { shadowOptions } from './loads/shadow/shadow-options.js';
import { httpFaults } from './http/http-options.js';
import { memoFaults, memoOptions } from './memo/memo-options.js';
import { recordOptions } from './record/record-options.js';
import { prefetchOptions } from './warm/warm-bounds.js';
import { boundsFaults, boundsOptions } from './store/bounded-map.js';
import { timerFaults } from './time/timer-limit.js';
import { refuseFaults, unknownOptions } from './unknown-options.js';
import { written } from './written.js';

const cacheOptions = {
  store: true,
  viewer: true,
  vary: true,
  varyAll: true,
  varyTags: true,
  neutral: true,
  authorize: true,
  origins: true,
  fetches: true,
  types: true,
  strictCopies: true,
  memo: true,
  http: true,
  localCopies: true,
  environment: true,
  log: true,
  clock: true,
  loads: true,
  onStoreLoss: true,
  disabled: true,
  journal: true,
  outbox: true,
  region: true,
  acknowledge: true,
  acknowledgeWithinMs: true,
  relay: true,
  probe: true,
  warm: true,
  backgroundContext: true,
  warmVariants: true,
  prefetch: true,
  shadow: true,
  record: true,
  random: true,
} satisfies Record<keyof CacheOptions<unknown>, true>;

/** Whether a value is of a kind, and the end of the sentence that says so. */
interface Kind {
  readonly mustBe: string;
  fits(value: unknown): boolean;
}

const aFunction: Kind = { mustBe: 'a function', fits: (value) => typeof value === 'function' };
const anObject: Kind = { mustBe: 'an object', fits: isObject };

/** What each option must be, as far as that is seen at once; `store` and `origins` have more to say. */
const kinds: Readonly<Partial<Record<keyof typeof cacheOptions, Kind>>> = {
  viewer: aFunction,
  vary: {
    mustBe: 'an object with a function for each name',
    fits: (value) => isObject(value) && Object.values(value).every(aFunction.fits),
  },
  varyAll: listOf('names of vary such as "tenant"', (item) => typeof item === 'string'),
  varyTags: listOf('names of vary such as "tenant"', (item) => typeof item === 'string'),
  neutral: listOf('names of the context such as "prisma"', (item) =>
    ['string', 'symbol'].includes(typeof item),
  ),
  authorize: aFunction,
  origins: anObject,
  fetches: listOf('namespaces such as "Session"', (item) => typeof item === 'string'),
  types: listOf('objects with name, is, encode and decode', (item) =>
    hasFunctions(item, ['is', 'encode', 'decode']),
  ),
  strictCopies: { mustBe: 'true or false', fits: (value) => typeof value === 'boolean' },
  memo: {
    mustBe: 'true, false or an object such as { maxBytes: 33554432 }',
    fits: (value) => typeof value === 'boolean' || isObject(value),
  },
  http: {
    mustBe: 'true, false or an object such as { maxAge: "shared" }',
    fits: (value) => typeof value === 'boolean' || isObject(value),
  },
  localCopies: anObject,
  environment: oneOf(['development', 'test', 'production']),
  log: withFunctions(['warn', 'error']),
  clock: withFunctions(['nowMs', 'sleep', 'after']),
  loads: anObject,
  onStoreLoss: oneOf(['fail', 'degrade']),
  disabled: {
    mustBe: '"all" or a list of coordinates such as "Query.movie"',
    fits: (value) => value === 'all' || isListOf(value, (item) => typeof item === 'string'),
  },
  journal: {
    mustBe: 'a journal, such as memoryJournal() or redisJournal(client)',
    fits: (value) => hasFunctions(value, ['accept', 'claim', 'settle']),
  },
  outbox: {
    mustBe: 'an outbox, such as postgresOutbox({ pool })',
    fits: (value) => hasFunctions(value, ['relay', 'register', 'add', 'listen', 'keep', 'close']),
  },
  region: {
    mustBe: 'a name of at most 64 letters, digits and _ . -',
    fits: (value) => typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value),
  },
  acknowledge: oneOf(['region', 'all']),
  relay: anObject,
  probe: anObject,
  warm: {
    mustBe: 'an object with a function for each coordinate',
    fits: (value) => isObject(value) && Object.values(value).every(aFunction.fits),
  },
  backgroundContext: aFunction,
  warmVariants: {
    mustBe: 'a list of objects such as { locale: "de" }, or a function that makes one',
    fits: (value) => aFunction.fits(value) || isListOf(value, isObject),
  },
  prefetch: { mustBe: 'an object or false', fits: (value) => value === false || isObject(value) },
  shadow: anObject,
  record: anObject,
  random: aFunction,
};

/** @throws CacheError naming every option of `createCache` that does not exist, or is of the wrong kind. */
export function checkCacheOptions<Context>(options: CacheOptions<Context>): void {
  // JavaScript may hand over anything, or nothing.
  const given: Readonly<Record<string, unknown>> = { ...options };
  const { store, origins, fetches, loads, localCopies, memo, http, prefetch, shadow, record } = given;
  refuseFaults('createCache', [
    ...unknownOptions(given, cacheOptions),
    ...unknownOptions(loads, loadOptions, 'loads'),
    ...unknownOptions(localCopies, boundsOptions, 'localCopies'),
    ...unknownOptions(memo, memoOptions, 'memo'),
    ...memoFaults(memo),
    ...httpFaults(http),
    ...(isOn(memo) && given['authorize'] !== undefined
      ? ['memo cannot be used with authorize, which is asked about every read; leave one of them out']
      : []),
    ...unknownOptions(prefetch, prefetchOptions, 'prefetch'),
    ...unknownOptions(shadow, shadowOptions, 'shadow'),
    ...unknownOptions(record, recordOptions, 'record'),
    ...storeFaults(store),
    ...Object.entries(kinds).flatMap(([name, kind]) => kindFaults(name, given[name], kind)),
    ...(isObject(origins) ? Object.entries(origins).flatMap(originFaults) : []),
    ...(Array.isArray(fetches) ? fetches.flatMap(fetchesFaults) : []),
    ...(isObject(localCopies) ? boundsFaults(localCopies, 'localCopies') : []),
    ...varyFaults(given),
    ...strictCopiesFaults(given),
    ...journalFaults(given),
    ...acknowledgeFaults(given),
  ]);
}

function acknowledgeFaults({
  acknowledge,
  acknowledgeWithinMs,
  outbox,
}: Readonly<Record<string, unknown>>): string[] {
  const faults =
    acknowledgeWithinMs === undefined ? [] : timerFaults('acknowledgeWithinMs', acknowledgeWithinMs);
  if (acknowledge === 'all' && outbox === undefined)
    faults.push(
      'acknowledge: "all" waits for the other stores of an outbox, but there is none; pass outbox: postgresOutbox({ pool }), or remove acknowledge',
    );
  if (acknowledgeWithinMs !== undefined && acknowledge !== 'all')
    faults.push('acknowledgeWithinMs is about acknowledge: "all"; pass that too, or remove it');
  return faults;
}

function storeFaults(store: unknown): string[] {
  const fix = 'memoryStore() or redisStore(client)';
  if (store === undefined) return [`store is missing; pass store: ${fix}`];
  return hasFunctions(store, ['read']) ? [] : [`store must be a store, such as ${fix}, but has no read`];
}

function strictCopiesFaults({ store, strictCopies }: Readonly<Record<string, unknown>>): string[] {
  if (strictCopies !== true || !hasFunctions(store, ['read']) || hasFunctions(store, ['readLog'])) return [];
  return [
    'strictCopies needs a store with a log of invalidations, which processes share, and a Redis Cluster has none, ' +
      'since one node would hold up every request and every write; pass store: redisStore(client) with the client of a single primary, or remove strictCopies',
  ];
}

/** The journal would change an entry in its own server, where a store that spans several has none. */
function journalFaults({ store, journal }: Readonly<Record<string, unknown>>): string[] {
  const isInOneServer =
    !isObject(store) || Reflect.get(store, 'isLocal') !== false || hasFunctions(store, ['readLog']);
  if (isInOneServer || !isObject(journal) || Reflect.get(journal, 'endsGenerations') !== true) return [];
  return [
    'the journal has a storePrefix, but a Redis Cluster is not in the same server and database; leave storePrefix out',
  ];
}

function kindFaults(name: string, value: unknown, { mustBe, fits }: Kind): string[] {
  if (value === undefined || fits(value)) return [];
  return [`${name} must be ${mustBe}, but got ${written(value)}`];
}

function originFaults([namespace, origin]: [string, unknown]): string[] {
  const name = `origins.${namespace}`;
  if (!isObject(origin)) return [`${name} must be an object with load or flush, but got ${written(origin)}`];
  const wrong = Object.keys(originMembers).flatMap((member) =>
    kindFaults(`${name}.${member}`, Reflect.get(origin, member), aFunction),
  );
  const misspelt = misspeltMembers(origin).map(([member, meant]) => `"${meant}" instead of "${member}"`);
  const hint = misspelt.length === 0 ? '' : ` (did you mean ${misspelt.join(', ')}?)`;
  if (!('load' in origin) && !('flush' in origin))
    return [`${name} has neither load nor flush${hint}`, ...wrong];
  return hint === '' ? wrong : [`${name} has a member that origins do not have${hint}`, ...wrong];
}

/** Those of its own functions that are called nearly as one that it lacks; it may have others, which are not looked at. */
function misspeltMembers(origin: object): [member: string, meant: string][] {
  const missing = Object.keys(originMembers).filter((member) => !(member in origin));
  return Object.entries(origin).flatMap(([member, value]): [string, string][] => {
    if (member in originMembers || typeof value !== 'function') return [];
    const meant = nearestName(member, missing);
    return meant === undefined ? [] : [[member, meant]];
  });
}

const NAMESPACE = /^[A-Za-z0-9_.-]+$/;

function fetchesFaults(namespace: unknown): string[] {
  if (typeof namespace !== 'string' || NAMESPACE.test(namespace)) return [];
  return [
    `fetches must name namespaces, the part of a key before its first colon, but got ${written(namespace)}`,
  ];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasFunctions(value: unknown, names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof Reflect.get(value, name) === 'function');
}

function withFunctions(names: readonly string[]): Kind {
  const listed = [names.slice(0, -1).join(', '), names.at(-1)].join(' and ');
  return { mustBe: `an object with ${listed}`, fits: (value) => hasFunctions(value, names) };
}

function isListOf(value: unknown, fits: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}

function listOf(items: string, fits: (item: unknown) => boolean): Kind {
  return { mustBe: `a list of ${items}`, fits: (value) => isListOf(value, fits) };
}

function oneOf(words: readonly string[]): Kind {
  return {
    mustBe: `one of ${words.join(', ')}`,
    fits: (value) => words.some((word) => word === value),
  };
}

function isOn(memo: unknown): boolean {
  return memo !== undefined && memo !== false;
}
