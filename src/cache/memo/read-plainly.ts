/** Whether nothing that GraphQL reads of a value is a method, which it would call with the context of the request. */
export function isReadPlainly(value: unknown, names: ReadonlySet<string>): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every((element) => isReadPlainly(element, names));
  for (const name of names) {
    const read: unknown = Reflect.get(value, name);
    if (typeof read === 'function' || !isReadPlainly(read, names)) return false;
  }
  return true;
}
