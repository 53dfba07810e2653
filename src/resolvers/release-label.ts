import type { Locale } from '../schema/locales.js';

export interface Released {
  readonly releaseDate: Date | null;
  readonly runningTimeMinutes: number | null;
}

/** The day of the release and the running time as a language writes them, `15 juillet 2008 · 2 h 32 min`; null where neither is known. */
export function releaseLabel(film: Released, locale: Locale): string | null {
  const parts = [
    ...(film.releaseDate === null ? [] : [dayText(film.releaseDate, locale)]),
    ...(film.runningTimeMinutes === null ? [] : [lengthText(film.runningTimeMinutes, locale)]),
  ];
  return parts.length === 0 ? null : parts.join(' · ');
}

function dayText(date: Date, locale: Locale): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(date);
}

function lengthText(minutes: number, locale: Locale): string {
  const unit = (value: number, name: 'hour' | 'minute'): string =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return [...(hours > 0 ? [unit(hours, 'hour')] : []), ...(rest > 0 ? [unit(rest, 'minute')] : [])].join(' ');
}
