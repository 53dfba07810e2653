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
