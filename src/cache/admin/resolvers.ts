import { GraphQLError } from 'graphql';
import type { Cache } from '../cache.js';
import { CacheError } from '../errors.js';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { hintOf } from '../nearest-name.js';

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
/** What must be repeated to purge everything. */
const EVERYTHING = 'everything';
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
    purgeCache: (_root, { tags, confirm }) => purge(of(), textsOf(tags), confirm),
    warmCache: async (_root, { coordinate }) => {
      await of().tools.warmUp(String(coordinate));
      return { message: `What was missing at ${String(coordinate)} was loaded, here or in another process.` };
    },
    replayDeadLetters: (_root, { ids }) =>
      each(textsOf(ids), (id) => of().writes.replay(id), 'It is written once more.'),
    discardDeadLetters: (_root, { ids }) =>
      each(textsOf(ids), (id) => of().writes.discard(id), 'It was given up.'),
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

async function purge(cache: AdministeredCache, tags: readonly string[], confirm: unknown): Promise<object> {
  if (tags.length === 0) throw badInput('Name at least one tag, such as Movie:42, or * for everything.');
  if (tags.includes('*')) {
    if (confirm !== EVERYTHING) {
      const message = `This ends every entry in all processes, and the origins are asked for all of them again. To do it, ask once more with confirm: "${EVERYTHING}".`;
      return { isDone: false, message };
    }
    await cache.tools.forgetAll();
    return { isDone: true, message: 'Every entry was ended.' };
  }
  const known = cache.tools.namespaces();
  const unknown = tags.find((tag) => !known.includes(namespaceOf(tag)));
  if (unknown !== undefined) {
    const hint = hintOf(namespaceOf(unknown), known);
    throw badInput(
      `No entry depends on the tag ${unknown}: no key and no tag of a field begins with ${namespaceOf(unknown)}` +
        `${hint === undefined ? '' : ` (${hint})`}. Nothing was purged.`,
    );
  }
  await cache.invalidate(tags);
  return { isDone: true, message: `All entries that depend on ${tags.join(', ')} were ended.` };
}

function namespaceOf(tag: string): string {
  return tag.split(':')[0] ?? '';
}

async function each(
  ids: readonly string[],
  act: (id: string) => Promise<void>,
  done: string,
): Promise<readonly object[]> {
  const outcomes: object[] = [];
  for (const id of ids) {
    try {
      await act(id);
      outcomes.push({ id, isDone: true, message: done });
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      outcomes.push({ id, isDone: false, message: error.message });
    }
  }
  return outcomes;
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
