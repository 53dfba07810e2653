/**
 * A header of a request, by its name in lower case: of the Fetch API and of Apollo Server, whose headers are asked by `get`, and
 * of Node.js, whose headers are an object.
 */
export function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const value: unknown =
    'get' in headers && typeof headers.get === 'function' ? headers.get(name) : Reflect.get(headers, name);
  return typeof value === 'string' ? value : undefined;
}
