import type { ExecutionResult } from 'graphql';

interface ErrorOfAnswer {
  readonly message: string;
  readonly path: readonly (string | number)[];
  readonly code: unknown;
}

/** An answer as a client sees it: its data as JSON, its errors with their paths, sorted. */
export interface PlainAnswer {
  readonly data: unknown;
  readonly errors: readonly ErrorOfAnswer[];
}

export function plainAnswer({ data, errors = [] }: ExecutionResult): PlainAnswer {
  const told = errors.map(({ message, path = [], extensions }) => ({
    message,
    path,
    code: extensions['code'],
  }));
  told.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
  const plain: unknown = JSON.parse(JSON.stringify(data ?? null));
  return { data: plain, errors: told };
}

/**
 * Whether two answers say the same. Where an error has voided an object, what would have gone wrong elsewhere in it may
 * happen before or after that, and is told or not: of such errors only their place is compared.
 */
export function isSameAnswer(one: PlainAnswer, other: PlainAnswer): boolean {
  return JSON.stringify(comparable(one)) === JSON.stringify(comparable(other));
}

function comparable({ data, errors }: PlainAnswer): unknown {
  const told = errors.map(({ message, path, code }) => {
    const voided = voidedPlace(data, path);
    return voided.length === path.length ? { message, path, code } : { voided };
  });
  return { data, errors: [...new Set(told.map((error) => JSON.stringify(error)))].sort() };
}

/** The place that is null because of an error: that of its field, or of an object around it. */
function voidedPlace(data: unknown, path: readonly (string | number)[]): readonly (string | number)[] {
  let value = data;
  for (let depth = 0; depth < path.length; depth += 1) {
    if (typeof value !== 'object' || value === null) return path.slice(0, depth);
    value = Reflect.get(value, path[depth] ?? '');
  }
  return path;
}
