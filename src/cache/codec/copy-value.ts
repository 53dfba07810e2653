/** Makes a value of one reader's own from one that all readers share. */
export type CopyValue = (value: unknown) => unknown;

/**
 * How readers of a decoded value get their own: undefined where nobody can change it, since it is a leaf. Most entries
 * are rows without anything below; `bench/README.md` says what copies cost.
 */
export function copierOf(value: unknown, copyInstance: CopyValue): CopyValue | undefined {
  if (!isObject(value)) return undefined;
  return isRow(value) && !Object.values(value).some(isObject)
    ? copyRow
    : (given) => copyDeep(given, copyInstance);
}

function copyRow(row: unknown): unknown {
  return isObject(row) ? { ...row } : row;
}

function copyDeep(value: unknown, copyInstance: CopyValue): unknown {
  if (!isObject(value)) return value;
  if (Array.isArray(value))
    return value.map((item: unknown) => (isObject(item) ? copyDeep(item, copyInstance) : item));
  if (!isRow(value)) return copyLeaf(value, copyInstance);
  const copy: Record<string, unknown> = { ...value };
  for (const name in copy) {
    const item = copy[name];
    if (isObject(item)) copy[name] = copyDeep(item, copyInstance);
  }
  return copy;
}

function copyLeaf(value: object, copyInstance: CopyValue): unknown {
  if (value instanceof Date) return new Date(value.getTime());
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  return value instanceof Uint8Array ? value.slice() : copyInstance(value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Decoded objects have the ordinary prototype. */
function isRow(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}
