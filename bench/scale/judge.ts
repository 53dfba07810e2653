import { quartilesOf, type Quartiles } from '../published/spread.js';
import type { Shape } from './axes.js';
import type { Cost } from './measured-turns.js';

/** What one operation cost at one size, round by round. */
export interface SizeCosts {
  readonly size: number;
  readonly costs: readonly Cost[];
}

/** What one operation comes to at one size. */
export interface Figure {
  readonly size: number;
  readonly elapsedUs: Quartiles;
  readonly cpuUs: Quartiles;
  /** To the smallest size in the same round, of time or of CPU alone: the worse counts. */
  readonly ratio: Quartiles;
  readonly roundTrips: number;
  readonly redisCommands: number | undefined;
  readonly loads: number;
}

export interface Verdict {
  readonly isReached: boolean;
  readonly says: string;
}

/** Most that is called flat, and most that growth may be steeper than the size. */
const MOST_GROWTH = 1.5;
/** Most that each further unit may cost, as a share of the smallest size: a small slope. */
const MOST_SLOPE = 0.5;
/** They are counted, not measured; a few of other work of the engine may fall into a turn. */
const ROUND_TRIPS_TOLERANCE = 0.1;

/** The figures of all sizes, the smallest one first. */
export function figuresOf(sizes: readonly SizeCosts[], isJudgedByCpuAlone: boolean): readonly Figure[] {
  const [smallest] = sizes;
  return sizes.map(({ size, costs }) => {
    const ratiosOf = (of: 'elapsedUs' | 'cpuUs'): Quartiles =>
      quartilesOf(costs.flatMap((cost, round) => ratio(cost[of], smallest?.costs[round]?.[of])));
    const [elapsed, cpu] = [ratiosOf('elapsedUs'), ratiosOf('cpuUs')];
    const middle = (of: (cost: Cost) => number): number => quartilesOf(costs.map(of)).median;
    const commands = costs.flatMap(({ redisCommands }) => redisCommands ?? []);
    return {
      size,
      elapsedUs: quartilesOf(costs.map(({ elapsedUs }) => elapsedUs)),
      cpuUs: quartilesOf(costs.map(({ cpuUs }) => cpuUs)),
      ratio: isJudgedByCpuAlone || cpu.median > elapsed.median ? cpu : elapsed,
      roundTrips: middle(({ roundTrips }) => roundTrips),
      redisCommands: commands.length === 0 ? undefined : quartilesOf(commands).median,
      loads: middle(({ loads }) => loads),
    };
  });
}

function ratio(of: number, to: number | undefined): number[] {
  return to === undefined || to === 0 ? [] : [of / to];
}

/** Whether the cost has the shape that is asked for. */
export function shapeVerdict(asked: Shape, figures: readonly Figure[]): Verdict {
  return asked === 'flat' ? flatVerdict(figures) : linearVerdict(figures);
}

function flatVerdict(figures: readonly Figure[]): Verdict {
  const [worst] = figures.slice(1).sort((a, b) => b.ratio.median - a.ratio.median);
  if (worst === undefined) throw new Error('there must be two sizes');
  const { median, lower, upper } = worst.ratio;
  const isReached = median <= MOST_GROWTH;
  const spread = `${median.toFixed(2)} times (${lower.toFixed(2)} to ${upper.toFixed(2)})`;
  return {
    isReached,
    says: `${isReached ? 'flat' : 'not flat'}: at most ${spread} of the smallest size, at ${counted(worst.size)}; asked: ${MOST_GROWTH}`,
  };
}

function linearVerdict(figures: readonly Figure[]): Verdict {
  const [smallest, largest, before] = [figures[0], figures.at(-1), figures.at(-2)];
  if (smallest === undefined || largest === undefined || before === undefined)
    throw new Error('there must be two sizes');
  const units = largest.size / smallest.size;
  const slope = (largest.ratio.median - 1) / (units - 1);
  const steepness = largest.ratio.median / before.ratio.median / (largest.size / before.size);
  const isLinear = steepness <= MOST_GROWTH;
  const isSmall = slope <= MOST_SLOPE;
  const shape = isLinear
    ? 'no steeper than the size'
    : `not linear: ${steepness.toFixed(2)} times steeper than the size at the end`;
  return {
    isReached: isLinear && isSmall,
    says: `${shape}; ${largest.ratio.median.toFixed(1)} times for ${counted(units)} times the size, so each further unit costs ${percent(slope)} of the first; asked: at most ${percent(MOST_SLOPE)}`,
  };
}

/** Whether an operation waits for its store as often however large the size is. */
export function roundTripsVerdict(figures: readonly Figure[]): Verdict {
  const trips = figures.map(({ roundTrips }) => roundTrips);
  const [least, most] = [Math.min(...trips), Math.max(...trips)];
  const isReached = most - least <= ROUND_TRIPS_TOLERANCE;
  return {
    isReached,
    says: isReached
      ? `${most.toFixed(1)} store round trips at every size`
      : `${least.toFixed(1)} to ${most.toFixed(1)} store round trips`,
  };
}

/** Whether each operation was loaded once, by all processes together. */
export function loadsVerdict(figures: readonly Figure[]): Verdict {
  const worst = Math.max(...figures.map(({ loads }) => loads));
  return { isReached: worst <= 1, says: `${worst.toFixed(1)} loads by all processes together; asked: 1` };
}

function counted(value: number): string {
  return value.toLocaleString('en');
}

function percent(share: number): string {
  const value = share * 100;
  return `${value.toFixed(Math.abs(value) < 1 ? 2 : 0)} %`;
}
