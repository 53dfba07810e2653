import type { StoreHealth } from '../store/store.js';
import type { CacheReport, DeclaredField } from './cache-report.js';

/** A round trip that takes longer than this is no network of one place. */
const FAR_MS = 2;
/** A store that is as full as this will soon evict. */
const NEARLY_FULL = 0.9;
/** Values of this part of what is stored at most are near the limit. */
const NEAR_LIMIT = 0.7;
/** A share of reads that come back to the same entries: what is asked for often is worth keeping. */
const GOOD_HIT_RATE = 0.5;
/** Entries of a namespace that is counted as growing. */
const MANY_ENTRIES = 10_000;

/** What is read of a report. */
type Reported = Omit<CacheReport, 'warnings'>;

/** What a person should look at, each with what to do. */
export function warningsOf(
  report: Reported,
  { fields, isLocal }: { readonly fields: readonly DeclaredField[]; readonly isLocal: boolean },
): readonly string[] {
  const { store } = report;
  if (store.isAway)
    return ['The store cannot be reached: loads go to the origin until it is back; look at its log.'];
  return [
    ...(isLocal ? [] : serverWarnings(store, report.total.hitRate)),
    ...(isLocal ? [] : far(store)),
    ...evicting(store, report.total.stored),
    ...sizes(report, fields),
    ...immortal(report),
    ...growing(report),
  ];
}

/** Of a server that is shared: its bound, and what leaves it first. Also said at the start. */
export function serverWarnings(
  { maxBytes, usedBytes = 0, evictionPolicy }: StoreHealth,
  hitRate: number | null,
): readonly string[] {
  const warnings: string[] = [];
  if (maxBytes === 0) {
    warnings.push(
      'Redis has no maxmemory: it grows until the machine has no memory left; set maxmemory in its configuration.',
    );
  }
  if (evictionPolicy === 'noeviction' && maxBytes !== undefined && usedBytes * 2 > maxBytes && maxBytes > 0) {
    warnings.push(
      'Redis is half full, and refuses writes once it is full (maxmemory-policy noeviction): nothing new is cached then; ' +
        'set allkeys-lfu for a Redis that holds only a cache, and keep the journal on another one.',
    );
  }
  if (evictionPolicy?.startsWith('volatile-ttl') === true) {
    warnings.push(
      'Redis evicts what expires first (maxmemory-policy volatile-ttl): that is short-lived entries, however often they are ' +
        'asked for; set allkeys-lfu, which keeps what is asked for most.',
    );
  }
  if (evictionPolicy?.endsWith('-random') === true) {
    warnings.push(
      `Redis evicts at random (maxmemory-policy ${evictionPolicy}): hot entries leave as soon as cold ones; set allkeys-lfu.`,
    );
  }
  if (evictionPolicy?.endsWith('-lru') === true && hitRate !== null && hitRate < GOOD_HIT_RATE) {
    warnings.push(
      `Redis keeps what was asked for last (maxmemory-policy ${evictionPolicy}), and ${percent(1 - hitRate)} of the reads are for ` +
        'entries that are not there: what is asked for once pushes out what is asked for often; set allkeys-lfu.',
    );
  }
  return warnings;
}

/** Also said at the start. */
export function far({ roundTripMs = 0 }: StoreHealth): readonly string[] {
  if (roundTripMs <= FAR_MS) return [];
  return [
    `A round trip to the store takes ${roundTripMs.toFixed(1)} ms, which every hit waits for: is Redis in the same region? ` +
      'Fields with `local`, or strictCopies, answer most hits without it.',
  ];
}

function evicting({ usedBytes, maxBytes, evictions = 0 }: StoreHealth, stored: number): readonly string[] {
  if (usedBytes === undefined || maxBytes === undefined || maxBytes === 0) return [];
  if (usedBytes < maxBytes * NEARLY_FULL) return [];
  if (evictions > stored / 2 && evictions > 0) {
    return [
      `The store is full and has evicted ${evictions} entries: what is stored leaves before it is read again; ` +
        'give it more memory, or cache less of what is asked for once.',
    ];
  }
  return [
    `The store is ${percent(usedBytes / maxBytes)} full: entries will be evicted; give it more memory, or shorten the ttl of what ` +
      'takes most of it.',
  ];
}

function sizes({ fields: counted }: Reported, declared: readonly DeclaredField[]): readonly string[] {
  return counted.flatMap(({ coordinate, stored, storedBytes, tooLarge }) => {
    const maxBytes = declared.find((field) => field.coordinate === coordinate)?.maxBytes;
    if (tooLarge > 0) {
      return [
        `${coordinate}: ${tooLarge} values were larger than maxBytes${maxBytes === undefined ? '' : ` (${maxBytes})`} and were not ` +
          'stored; raise maxBytes, or select less.',
      ];
    }
    if (maxBytes === undefined || stored === 0 || storedBytes / stored < maxBytes * NEAR_LIMIT) return [];
    return [
      `${coordinate}: its values have ${Math.round(storedBytes / stored)} bytes on average, near the ${maxBytes} that are stored at ` +
        'most; raise maxBytes before they grow beyond it, or select less.',
    ];
  });
}

function immortal({ store: { holdings } }: Reported): readonly string[] {
  return holdings.flatMap(({ of, withoutExpiry }) =>
    withoutExpiry === 0
      ? []
      : [
          `${of}: entries never expire, though every entry is stored with an end: another program has changed or copied them; ` +
            'remove them, or find who does that.',
        ],
  );
}

/** A namespace in which more is stored than read. */
function growing({ fields }: Reported): readonly string[] {
  return fields.flatMap(({ coordinate, held, hitRate, stored }) => {
    if (held === undefined || held.entries < MANY_ENTRIES || hitRate === null || hitRate > 0.1) return [];
    if (stored < held.entries / 2) return [];
    return [
      `${coordinate}: ${held.entries} entries are kept and ${percent(hitRate)} of its reads find one: almost each read stores an entry ` +
        'of its own; leave arguments out of its key that do not decide the value, or shorten its ttl.',
    ];
  });
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
