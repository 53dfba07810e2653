const NONE = '–';
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3, notation: 'compact' });
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

type Maybe = number | null | undefined;

function isMissing(value: Maybe): value is null | undefined {
  return value === null || value === undefined;
}

/** 0 to 1 as percent. */
export function percent(value: Maybe): string {
  return isMissing(value) ? NONE : `${(value * 100).toFixed(value < 0.995 && value > 0 ? 1 : 0)} %`;
}

export function count(value: Maybe): string {
  return isMissing(value) ? NONE : value < 10_000 ? whole.format(value) : short.format(value);
}

export function rate(value: Maybe): string {
  return isMissing(value) ? NONE : value > 0 && value < 10 ? value.toFixed(1) : count(value);
}

export function milliseconds(value: Maybe): string {
  if (isMissing(value)) return NONE;
  if (value === 0) return '0 ms';
  if (value < 1) return `${Math.max(1, Math.round(value * 1000))} µs`;
  if (value < 1000) return `${value < 10 ? value.toFixed(1) : whole.format(value)} ms`;
  return duration(value);
}

export function bytes(value: Maybe): string {
  if (isMissing(value)) return NONE;
  const power = value < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${scaled < 10 && power > 0 ? scaled.toFixed(1) : whole.format(scaled)} ${UNITS[power] ?? ''}`;
}

/** Of milliseconds: 12 s, 5 min, 3 h. */
export function duration(ms: Maybe): string {
  if (isMissing(ms)) return NONE;
  if (ms > 0 && ms < 1000) return milliseconds(ms);
  const seconds = ms / 1000;
  if (seconds < 120) return `${seconds < 10 && seconds > 0 ? seconds.toFixed(1) : whole.format(seconds)} s`;
  const minutes = seconds / 60;
  if (minutes < 120) return `${whole.format(minutes)} min`;
  return minutes < 48 * 60 ? `${whole.format(minutes / 60)} h` : `${whole.format(minutes / 60 / 24)} days`;
}

export function timeOfDay(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB');
}

export function hourAndMinute(atMs: number): string {
  return new Date(atMs).toLocaleTimeString('en-GB', { timeStyle: 'short' });
}

export function dayAndTime(atMs: number): string {
  return new Date(atMs).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}
