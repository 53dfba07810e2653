import { isCompositeType, getNamedType } from 'graphql';
import type { ComplexityEstimatorArgs } from 'graphql-query-complexity';
import { limits } from './limits.js';

/** A tenth of what one request may cost: it reads a whole table, whatever is asked for. */
const SCAN = limits.cost / 10;

/** The fields that read whole tables, and run a few at a time: see scans.ts. */
export const scanFields = ['Query.searchMovies', 'Query.topCharts', 'Query.grossByYear'] as const;

/** What is dearer than one look-up by id. One sign-in is all that fits: each takes 19 MiB and a CPU for a while. */
const dearFields: Readonly<Record<string, number>> = {
  ...Object.fromEntries(scanFields.map((field) => [field, SCAN])),
  'Query.continueWatching': 5,
  'Movie.similar': 10,
  'Mutation.signUp': limits.cost * 0.6,
  'Mutation.signIn': limits.cost * 0.6,
};

/** No list is longer; larger numbers are refused by the checks of arguments, in better words. */
const longestList = 100;

/**
 * What a field is expected to load: 1 for each object, more for what is dear, nothing for columns of a row that is
 * there already. What stands below a list counts once for each of its elements.
 */
export function fieldCost({ type, field, args, childComplexity }: ComplexityEstimatorArgs): number {
  if (field.name.startsWith('__')) return 0;
  const dear = dearFields[`${type.name}.${field.name}`];
  const ids: unknown = args['ids'];
  const first: unknown = args['first'];
  if (Array.isArray(ids)) return within(ids.length) * (1 + childComplexity);
  if (typeof first === 'number') return (dear ?? 1) + within(first) * (1 + childComplexity);
  return (dear ?? (isCompositeType(getNamedType(field.type)) ? 1 : 0)) + childComplexity;
}

function within(length: number): number {
  return Math.min(Math.max(length, 0), longestList);
}
