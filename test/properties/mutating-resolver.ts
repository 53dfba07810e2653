import type { GraphQLFieldResolver } from 'graphql';
import type { Features } from './features.js';

/**
 * A resolver that changes what its parent holds, as careless ones do: `parent.tags.reverse()`. Without a cache that is
 * seen by nobody else, since each parent is a new object.
 */
export function mutating(
  name: string,
  mutates: Features['mutatingResolvers'],
): GraphQLFieldResolver<unknown, unknown> {
  return (parent) => {
    if (typeof parent !== 'object' || parent === null) return undefined;
    const value: unknown = Reflect.get(parent, name);
    if (value instanceof Date && mutates !== 'none') value.setUTCFullYear(value.getUTCFullYear() + 1);
    if (mutates !== 'all') return value;
    if (Array.isArray(value)) value.reverse();
    else if (typeof value === 'string' || typeof value === 'number') return replaced(parent, name, value);
    return value;
  };
}

function replaced(parent: object, name: string, value: string | number): unknown {
  const next = typeof value === 'string' ? `${value}!` : value + 1;
  // Not Reflect.set, which says nothing where the parent is frozen.
  Object.assign(parent, { [name]: next });
  return next;
}
