/** What is written along a side of a plot, and how it grows. */
export interface AxisOptions {
  readonly label: string;
  /** Equal distances are equal factors; all values must be above 0. Default: equal differences, from 0 on. */
  readonly isLog?: boolean;
}

/** Values of one axis, and where they are between its two ends. */
export interface Axis {
  readonly label: string;
  readonly ticks: readonly number[];
  /** 0 at the lower end, 1 at the upper one. */
  placeOf(value: number): number;
}

const MOST_TICKS = 8;
const STEPS = [1, 2, 5];

/** An axis that has room for all of these values and ends at round ones. @throws Error where it has no place for one of them. */
export function axisOf({ label, isLog = false }: AxisOptions, values: readonly number[]): Axis {
  const least = isLog ? 'above 0' : 'at least 0';
  const misplaced = values.find((value) => !Number.isFinite(value) || value < 0 || (isLog && value === 0));
  if (values.length === 0) throw new Error(`the axis "${label}" must have a value`);
  if (misplaced !== undefined)
    throw new Error(`values on the axis "${label}" must be ${least}, but one is ${misplaced}`);
  return isLog ? logAxis(label, values) : linearAxis(label, Math.max(...values));
}

function linearAxis(label: string, most: number): Axis {
  const step = most === 0 ? 1 : roundNotBelow(most / MOST_TICKS);
  const count = Math.max(1, Math.ceil(most / step));
  const ticks = Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
  return { label, ticks, placeOf: (value) => value / (count * step) };
}

function logAxis(label: string, values: readonly number[]): Axis {
  const low = roundNotAbove(Math.min(...values));
  const high = roundNotBelow(Math.max(...values));
  const [from, to] = low === high ? [low, roundNotBelow(high * 1.5)] : [low, high];
  const decades = Math.log10(to / from);
  const placeOf = (value: number): number => Math.log10(value / from) / decades;
  const exponents = Array.from(
    { length: Math.ceil(decades) + 2 },
    (_, at) => Math.floor(Math.log10(from)) + at,
  );
  const ticksAt = (steps: readonly number[]): number[] =>
    exponents
      .flatMap((exponent) => steps.map((step) => scaled(step, exponent)))
      .filter((tick) => tick >= from && tick <= to);
  const fine = ticksAt(STEPS);
  return { label, ticks: fine.length <= MOST_TICKS ? fine : ticksAt([1]), placeOf };
}

/** The nearest of 1, 2 and 5 times a power of ten. */
function roundNotBelow(value: number): number {
  return roundsAround(value).find((round) => round >= value) ?? value;
}

function roundNotAbove(value: number): number {
  return roundsAround(value).findLast((round) => round <= value) ?? value;
}

function roundsAround(value: number): number[] {
  const exponent = Math.floor(Math.log10(value));
  return [exponent - 1, exponent, exponent + 1].flatMap((power) => STEPS.map((step) => scaled(step, power)));
}

/** Read from its text, so that the same tick is always the same number. */
function scaled(step: number, exponent: number): number {
  return Number(`${step}e${exponent}`);
}
