/** What PostgreSQL has itself, named so that no search_path leads elsewhere. */
export function named(name: string): string {
  return `pg_catalog.${name}`;
}

/** Binds no stronger than others, so operands that are expressions stand in parentheses. */
export function operator(symbol: string): string {
  return `OPERATOR(pg_catalog.${symbol})`;
}

export const [TEXT, BIGINT, BOOL] = [named('text'), named('int8'), named('bool')];
