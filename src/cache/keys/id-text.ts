import { isPlainDate } from '../codec/fixed-date.js';

/**
 * The text by which an origin is asked for an id: that of a text, a number or a boolean, and of a Date with its milliseconds.
 * Undefined for what has no text of its own, such as an object of JSON: all of these would be one.
 */
export function idText(id: unknown): string | undefined {
  if (typeof id === 'string') return id;
  if (typeof id === 'number' || typeof id === 'bigint' || typeof id === 'boolean') return String(id);
  return typeof id === 'object' && id !== null ? textOfObject(id) : undefined;
}

/** Instances of classes such as ObjectId have one where their class says which. */
function textOfObject(id: object): string | undefined {
  if (isPlainDate(id)) return Number.isNaN(id.getTime()) ? undefined : id.toISOString();
  if (id instanceof Date || Array.isArray(id) || ArrayBuffer.isView(id)) return undefined;
  const prototype: unknown = Object.getPrototypeOf(id);
  if (typeof prototype !== 'object' || prototype === null || prototype === Object.prototype) return undefined;
  const toText: unknown = Reflect.get(prototype, 'toString');
  return typeof toText !== 'function' || toText === Object.prototype.toString ? undefined : String(id);
}
