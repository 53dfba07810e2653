import { isPlainDate } from '../codec/fixed-date.js';
import { valueIn, type Template, type TemplateInputs } from '../keys/template.js';

type Arguments = TemplateInputs['args'];

const NONE: Arguments = Object.freeze({});
/** Deeper values name no key. */
const MAX_DEPTH = 64;

/**
 * Copies what templates read of the arguments of a call, for those that are filled in after its resolver, which may change
 * what it was given.
 */
export function compileTakeArguments(templates: readonly Template[]): (args: Arguments) => Arguments {
  const paths = templates.flatMap(({ placeholders }) =>
    placeholders.flatMap(({ root, path }) => (root === 'args' ? [path] : [])),
  );
  return paths.length === 0 ? () => NONE : taking(paths);
}

function taking(paths: readonly (readonly string[])[]): (object: unknown) => Arguments {
  const parts = [...new Set(paths.map(([name = '']) => name))].map((name) => {
    const below = paths.flatMap(([first, ...rest]) => (first === name ? [rest] : []));
    return { name, take: below.some(({ length }) => length === 0) ? copied : orNothing(taking(below)) };
  });
  // What is missing is noted as well: an object knows names that none was given.
  return (object) => Object.fromEntries(parts.map(({ name, take }) => [name, take(valueIn(object, [name]))]));
}

function orNothing(take: (object: unknown) => Arguments): (object: unknown) => Arguments | undefined {
  return (object) => (typeof object === 'object' && object !== null ? take(object) : undefined);
}

/** Whatever can be a part of a key, as `canonical` has it; all else is left as it is, and named by none. */
function copied(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth === MAX_DEPTH) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype && Array.isArray(value))
    return value.map((item: unknown) => copied(item, depth + 1));
  if (isPlainDate(value) && Reflect.ownKeys(value).length === 0) return new Date(value.getTime());
  if (prototype === Buffer.prototype || prototype === Uint8Array.prototype)
    return value instanceof Uint8Array ? Uint8Array.from(value) : value;
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copied(item, depth + 1)]));
}
