/** Deeper values would need more of the call stack than there may be. */
const MAX_DEPTH = 500;

/** True for what JSON carries as it is: what comes back of it is the same; false for what is very deep. */
export function isPlainJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  // It writes -0 as 0, which resolvers can tell apart.
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== 'object') return false;
  if (depth === MAX_DEPTH) return false;
  const isPlain = (part: unknown): boolean => isPlainJson(part, depth + 1);
  if (Array.isArray(value)) return value.every(isPlain);
  return isPlainObject(value) && Object.values(value).every(isPlain);
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === null || prototype === Object.prototype) && !('toJSON' in value);
}
