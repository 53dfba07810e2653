/** What was measured at one field, of one process or of many together. */
export interface FieldFigures {
  readonly coordinate: string;
  readonly pattern: string;
  /** Seconds, as its directive says. */
  readonly ttl: number;
  readonly swr: number;
  /** Reads that were answered from an entry. */
  readonly hits: number;
  /** Reads that waited for a load. */
  readonly misses: number;
  readonly loads: number;
  readonly loadMs: number;
  readonly savedMs: number;
  /** Entries that were stored. */
  readonly stored: number;
  /** Values loaded again while the one before was known, and how many of them were another one. */
  readonly refreshes: number;
  readonly changes: number;
  readonly tooLarge: number;
  readonly viewerTouched: number;
}

/** One sentence about one field, with the figures that it rests on. */
export interface Advice {
  readonly coordinate: string;
  readonly sentence: string;
}

/** Fewer reads, refreshes or loads than these prove nothing. */
const ENOUGH_READS = 100;
const ENOUGH_REFRESHES = 20;
const ENOUGH_LOADS = 20;
const SLOW_MS = 20;
const DAY_SECONDS = 86_400;
/** A ttl is not advised to grow more than this at once. */
const MOST_GROWTH = 12;
/** Times that people write, in seconds. */
const ROUND_TTLS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
];

type Rule = (figures: FieldFigures) => string | undefined;

/** The first that applies speaks, so that no two pull different ways: what makes an entry impossible, then what is seldom read, then ttl. */
const rules: readonly Rule[] = [
  ({ viewerTouched }) =>
    viewerTouched === 0
      ? undefined
      : `${count(viewerTouched, 'load')} touched the viewer, so nothing was stored: give it scope: PRIVATE`,
  ({ tooLarge }) =>
    tooLarge === 0
      ? undefined
      : `${values(tooLarge)} larger than maxBytes and not stored: raise maxBytes, or return less`,
  warmForNobody,
  seldomRead,
  changesEachTime,
  seldomChanges,
  waitsForSlowLoads,
  worthIt,
];

/**
 * Turns figures into sentences, one a field at most, those of the busiest fields first. What is said rests on what readers
 * asked for: what PREFETCH loads by itself is no reason to change a ttl. Fields of which too little is known are silent.
 */
export function adviseOn(fields: readonly FieldFigures[]): readonly Advice[] {
  return [...fields]
    .sort((one, other) => readsOf(other) - readsOf(one))
    .flatMap((figures) => {
      for (const rule of rules) {
        const said = rule(figures);
        if (said === undefined) continue;
        const { coordinate } = figures;
        return [{ coordinate, sentence: `${coordinate}: ${said}.` }];
      }
      return [];
    });
}

function readsOf({ hits, misses }: FieldFigures): number {
  return hits + misses;
}

/** Whether so many readers were given values, and saw so many of the refreshes, that these say something of what they got. */
function knowsChanges(figures: FieldFigures): boolean {
  const reads = readsOf(figures);
  return figures.refreshes >= ENOUGH_REFRESHES && reads >= ENOUGH_READS && reads >= figures.refreshes;
}

function isChangedEachTime(figures: FieldFigures): boolean {
  return knowsChanges(figures) && figures.changes * 10 >= figures.refreshes * 9;
}

function seldomChanges(figures: FieldFigures): string | undefined {
  const { refreshes, changes, ttl } = figures;
  if (!knowsChanges(figures) || changes * 10 > refreshes) return undefined;
  const longer = roundTtl(
    Math.min(ttl * Math.min(refreshes / Math.max(1, changes), MOST_GROWTH), DAY_SECONDS),
  );
  if (longer <= ttl) return undefined;
  return `${count(refreshes, 'refresh', 'refreshes')}, ${count(changes, 'change')}: ttl ${ttl} could be ${longer}`;
}

function changesEachTime(figures: FieldFigures): string | undefined {
  const { refreshes, changes, ttl } = figures;
  const shorter = roundTtl(Math.max(1, ttl / 2));
  if (!isChangedEachTime(figures) || shorter >= ttl) return undefined;
  return (
    `${count(refreshes, 'refresh', 'refreshes')}, ${count(changes, 'change')}: what is served may be old; ` +
    `name what it depends on in tags, or make ttl ${ttl} shorter, such as ${shorter}`
  );
}

function seldomRead(figures: FieldFigures): string | undefined {
  const { hits, stored, ttl, pattern } = figures;
  const reads = readsOf(figures);
  if (reads < ENOUGH_READS || hits * 4 > reads || pattern === 'PREFETCH') return undefined;
  const each = stored === 0 ? '' : `, an entry is read ${round(hits / stored)} times in its life`;
  const fix = isChangedEachTime(figures)
    ? 'its value is another one each time, so no cache at all would do'
    : `a ttl longer than ${ttl} could help, or no cache at all`;
  return `${percent(hits, reads)} hits in ${count(reads, 'read')}${each}: ${fix}`;
}

function warmForNobody(figures: FieldFigures): string | undefined {
  const { pattern, loads } = figures;
  const reads = readsOf(figures);
  if (pattern !== 'PREFETCH' || loads < ENOUGH_LOADS || reads > loads) return undefined;
  return (
    `${count(loads, 'load')} to keep it warm, ${count(reads, 'read')}: ` +
    'a shorter warm list or a longer refreshEvery would do'
  );
}

function waitsForSlowLoads({
  misses,
  loads,
  loadMs,
  stored,
  swr,
  pattern,
}: FieldFigures): string | undefined {
  // A call of an origin is one load and brings many values, each of which took its time.
  const each = loadMs / Math.max(1, loads, stored);
  if (misses < ENOUGH_LOADS || loads < ENOUGH_LOADS || each < SLOW_MS || pattern === 'PREFETCH')
    return undefined;
  const fix =
    swr > 0 ? 'PREFETCH would load it before a client asks' : 'swr would answer those that come again';
  return `${count(misses, 'read')} waited for loads that take ${round(each)} ms: ${fix}`;
}

function worthIt(figures: FieldFigures): string | undefined {
  const { hits, savedMs } = figures;
  const reads = readsOf(figures);
  if (reads < ENOUGH_READS || hits * 10 < reads * 9 || savedMs < 1000) return undefined;
  return `${percent(hits, reads)} hits in ${count(reads, 'read')} saved ${round(savedMs / 1000)} s of loads: leave it as it is`;
}

function roundTtl(seconds: number): number {
  return ROUND_TTLS.findLast((ttl) => ttl <= seconds) ?? 1;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

function values(number: number): string {
  return `${count(number, 'value')} ${number === 1 ? 'was' : 'were'}`;
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`;
}

function round(number: number): string {
  return number.toLocaleString('en', { maximumFractionDigits: number < 10 ? 1 : 0 });
}
