/** The languages in which labels are written; few, since each has cache entries of its own. */
const locales = ['en', 'de', 'fr', 'es', 'ja'] as const;

export type Locale = (typeof locales)[number];

const DEFAULT: Locale = 'en';

/** The language that a reader likes best of those there are, by the header Accept-Language; English without one. */
export function localeOf(acceptLanguage: string | undefined): Locale {
  let best: Locale | undefined;
  let bestQuality = 0;
  for (const range of acceptLanguage?.split(',') ?? []) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
    const known = locales.find((locale) => tag === locale || tag.startsWith(`${locale}-`));
    const given = parameters
      .map((one) => /^\s*q=([\d.]+)\s*$/.exec(one)?.[1])
      .find((one) => one !== undefined);
    const quality = given === undefined ? 1 : Number(given);
    // Of equals the first stays.
    if (known !== undefined && quality > bestQuality) [best, bestQuality] = [known, quality];
  }
  return best ?? DEFAULT;
}
