import { allFeatures, type Features } from './features.js';

/** A whole number from an environment variable, or the default. */
export function fromEnvironment(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new Error(`${name} must be a whole number, but got ${text}`);
  }
  return number;
}

/** Names of features that a run does without: `WITHOUT=jsonKeys,mutatingResolvers` gets past what they find. */
export function featuresFromEnvironment(): Partial<Features> {
  const names = (process.env['WITHOUT'] ?? '').split(',').filter((name) => name !== '');
  for (const name of names) {
    if (!(name in allFeatures)) throw new Error(`WITHOUT names ${name}, which is no feature`);
  }
  const off = Object.fromEntries(names.map((name) => [name, false]));
  return names.includes('mutatingResolvers') ? { ...off, mutatingResolvers: 'none' } : off;
}
