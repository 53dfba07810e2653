import { GraphQLError } from 'graphql';
import type { Cache } from '../cache.js';
import { CacheError } from '../errors.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { actOnLetters } from './act-on-letters.js';
import type { LetterAct } from './outcomes.js';
import { purge } from './purge.js';

/** What the resolvers are told. */
export interface CacheAdminOptions<Context> {
  /** Whether the reader with this context may look after the cache. Others get an error with the code FORBIDDEN. */
  readonly isAllowed: (context: Context) => boolean;
}

/** What is used of a cache. */
export type AdministeredCache = Pick<Cache<never>, 'stats' | 'tools' | 'writes' | 'invalidate'>;

/** One field. */
export type CacheAdminResolver<Context> = (
  parent: unknown,
  args: Readonly<Record<string, unknown>>,
  context: Context,
) => unknown;

/** By type and field. */
export type CacheAdminResolvers<Context> = Readonly<
  Record<string, Readonly<Record<string, CacheAdminResolver<Context>>>>
>;

const adminOptions = { isAllowed: true } satisfies Record<keyof CacheAdminOptions<never>, true>;
/** Errors of the engine that are about what was asked. */
const OF_CALLER = new Set<string>([
  'CACHE_TOOLS',
  'CACHE_DEAD_LETTER',
  'CACHE_FETCH_OPTIONS',
  'CACHE_CONFIGURATION',
]);

/**
 * The resolvers of `cacheAdminTypeDefs`. `cache` may be a function, where the schema is made before the cache.
 * @throws CacheError for options that cannot be.
 */
export function cacheAdminResolvers<Context>(
  cache: AdministeredCache | (() => AdministeredCache),
  options: CacheAdminOptions<Context>,
): CacheAdminResolvers<Context> {
  const faults = unknownOptions(options, adminOptions);
  const { isAllowed } = options;
  if (typeof isAllowed !== 'function') faults.push('isAllowed must be a function of the context');
  refuseFaults('cacheAdminResolvers', faults);
  const of = (): AdministeredCache => (typeof cache === 'function' ? cache() : cache);
  const guarded =
    (answer: CacheAdminResolver<Context>): CacheAdminResolver<Context> =>
    async (parent, args, context) => {
      // In JavaScript it may answer with a promise, which is no yes.
      if (isAllowed(context) !== true) throw forbidden();
      try {
        return await answer(parent, args, context);
      } catch (error) {
        throw told(error);
      }
    };
  const letters =
    (act: LetterAct): CacheAdminResolver<Context> =>
    async (_root, { ids }) => {
      const outcomes = await actOnLetters(of(), act, textsOf(ids));
      return outcomes.map(({ key, ...outcome }) => ({ id: key, ...outcome }));
    };
  const query: CacheAdminResolvers<Context>[string] = {
    cacheReport: async (_root, { since }) =>
      of().stats.report(typeof since === 'number' ? { minutes: since } : {}),
    cacheEntry: async (_root, { key }) => {
      const entry = await of().tools.inspect(String(key));
      if (entry !== undefined) return entry;
      throw badInput(
        `There is no entry under the key ${String(key)}; the evidence of an answer names its keys.`,
      );
    },
    explainOperation: (_root, { document, variables }, context) =>
      of().tools.explain({ document: String(document), variables: variablesOf(variables), context }),
  };
  const mutation: CacheAdminResolvers<Context>[string] = {
    purgeCache: (_root, { tags, confirm }) => purge(of(), { tags: textsOf(tags), confirm }),
    warmCache: async (_root, { coordinate }) => {
      await of().tools.warmUp(String(coordinate));
      return { message: `What was missing at ${String(coordinate)} was loaded, here or in another process.` };
    },
    replayDeadLetters: letters('replay'),
    discardDeadLetters: letters('discard'),
  };
  const guardAll = (fields: CacheAdminResolvers<Context>[string]): CacheAdminResolvers<Context>[string] =>
    Object.fromEntries(Object.entries(fields).map(([name, answer]) => [name, guarded(answer)]));
  return { Query: guardAll(query), Mutation: guardAll(mutation), ...shapes() };
}

/** Where the schema calls something otherwise than the report. */
function shapes(): CacheAdminResolvers<unknown> {
  const part = (parent: unknown, name: string): unknown => Reflect.get(Object(parent), name);
  const under = (path: readonly string[]) => (parent: unknown) => path.reduce(part, parent);
  return {
    CacheReport: { at: under(['atMs']) },
    CacheMinute: { at: under(['atMs']) },
    CacheFieldReport: { entries: under(['held', 'entries']), bytes: under(['held', 'bytes']) },
    CacheJournalReport: { flushed: under(['flushed', 'flushed']) },
    CacheOutcomes: {
      hit: under(['HIT']),
      stale: under(['STALE']),
      staleOnError: under(['STALE_ON_ERROR']),
      miss: under(['MISS']),
      joined: under(['JOINED']),
      waited: under(['WAITED']),
      refreshed: under(['REFRESHED']),
      bypass: under(['BYPASS']),
    },
  };
}

function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.map(String) : [];
}

function variablesOf(text: unknown): Readonly<Record<string, unknown>> {
  if (text === undefined || text === null) return {};
  let value: unknown;
  try {
    value = JSON.parse(String(text));
  } catch {
    throw badInput('variables must be a JSON object, such as {"id": "1"}.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badInput('variables must be a JSON object, such as {"id": "1"}.');
  return { ...value };
}

function forbidden(): GraphQLError {
  return new GraphQLError('Only those who look after the cache may do this.', {
    extensions: { code: 'FORBIDDEN' },
  });
}

function badInput(sentence: string): GraphQLError {
  return new GraphQLError(sentence, { extensions: { code: 'BAD_USER_INPUT' } });
}

/** What is wrong with the question is the reader's to know. */
function told(error: unknown): unknown {
  if (error instanceof GraphQLError) {
    return error.extensions['code'] === undefined ? badInput(error.message) : error;
  }
  return error instanceof CacheError && OF_CALLER.has(error.code) ? badInput(error.message) : error;
}
