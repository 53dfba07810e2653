import type { DocumentNode, GraphQLSchema } from 'graphql';
import { CacheError } from '../errors.js';
import { followAnswer, type FollowedAnswer } from '../http/followed-answer.js';
import type { HttpCaching } from '../http/http-answers.js';
import { memoOf } from '../memo/memo-of.js';
import { operationIn } from '../memo/operation-in.js';
import {
  answersOf,
  withCache,
  type EvidenceOptions,
  type EvidenceSource,
  type Told,
} from '../metrics/answer-evidence.js';
import { AnsweredFromMemo, type MercuriusHooks } from './answered-from-memo.js';
import { Turns, type Turn } from '../time/end-of-turn.js';
import { headersOf, isAlone, isOfOwnRoute, isReply, reach, ReplyHeads } from './replies.js';

/** What the plugin reads of a cache. */
export interface MercuriusSource extends EvidenceSource {
  readonly http?: HttpCaching | undefined;
}

/** A plugin for Fastify, to be registered after Mercurius. */
export type MercuriusPlugin = (app: object) => Promise<void>;

/** What `cachePlugin` is told; `evidence` is asked with the context of the request. */
export type MercuriusPluginOptions<Context> = EvidenceOptions<Context>;

/** What the plugin calls of Mercurius; both hooks leave its JIT on, as they change neither schema nor document. */
/** What is known of an execution from its begin to its end. */
interface Begun {
  readonly told: Told;
  readonly answer: FollowedAnswer | undefined;
  readonly turn: Turn;
}

interface Hooks {
  addHook(name: 'preExecution', hook: MercuriusHooks['preExecution']): void;
  addHook(name: 'onResolution', hook: MercuriusHooks['onResolution']): void;
}

/**
 * Adds `extensions.cache` to the answers of Mercurius: the evidence, where the request may have it, and to every request that
 * a write of it was acknowledged as `bounded`; and writes the headers of the option `http` on the routes of Mercurius itself, not
 * where another route calls `reply.graphql()`. Caching works without it. Events of subscriptions are left as they are.
 * @throws CacheError naming every option that does not exist or cannot be; the plugin rejects with one where it is registered
 * before Mercurius.
 */
export function cachePlugin<Context>(
  cache: MercuriusSource,
  options: MercuriusPluginOptions<Context> = {},
): MercuriusPlugin {
  const { begin, hasEvidence } = answersOf<Context>(cache, {
    call: 'cachePlugin',
    options,
    argument: 'context',
    headersOf,
  });
  const { http } = cache;
  const memo = memoOf(cache);
  const begun = new WeakMap<object, Begun>();
  const turns = new Turns();
  const replies = new ReplyHeads();
  return async (app) => {
    const hooks: unknown = Reflect.get(app, 'graphql');
    if (!hasHooks(hooks)) {
      throw new CacheError(
        'CACHE_CONFIGURATION',
        'cachePlugin: Mercurius is not there; register mercurius before this plugin',
      );
    }
    const follow = (schema: GraphQLSchema, document: DocumentNode, context: object) => {
      if (http === undefined) return undefined;
      // Which one it is of several is not told here.
      const operation = isAlone(context) ? operationIn(schema, document, undefined) : undefined;
      const method = reach(context, ['reply', 'request', 'method']);
      const reply = reach(context, ['reply']);
      if (isReply(reply)) replies.begin(reply);
      return followAnswer(http, {
        operation,
        context,
        headers: headersOf(context),
        method: typeof method === 'string' ? method : undefined,
      });
    };
    const say = (followed: FollowedAnswer, answer: object, context: object): void => {
      const reply = reach(context, ['reply']);
      const isSpecial =
        !isReply(reply) || reply.statusCode !== 200 || reply.getHeader('set-cookie') !== undefined;
      const head = followed.end(answer, isSpecial);
      if (isReply(reply) && isOfOwnRoute(reply, context)) replies.end(reply, head);
    };
    const preExecution: MercuriusHooks['preExecution'] = async (schema, document, context) => {
      await turns.wait();
      // The context of a server is what its owner says it is.
      const told = begin(context as Context, context);
      const answer = follow(schema, document, context);
      if (fromMemo?.willBeMade(schema, document, context) !== true) answer?.begin();
      begun.set(context, { told, answer, turn: turns.begin() });
    };
    const onResolution: MercuriusHooks['onResolution'] = async (answer, context) => {
      const { told, answer: followed, turn } = begun.get(context) ?? {};
      if (turn !== undefined) turns.end(turn);
      const made = fromMemo?.isMade(answer, context);
      if (made !== undefined) followed?.isMadeOf(made.freshness);
      const cached = told?.();
      if (cached !== undefined) answer.extensions = withCache(answer.extensions, cached);
      if (followed !== undefined) say(followed, answer, context);
      await Promise.resolve();
    };
    const fromMemo =
      memo &&
      new AnsweredFromMemo({
        ...{ memo, hooks: { preExecution, onResolution } },
        mayAnswer: (context) =>
          !hasEvidence(context as Context) && http?.wantsFresh(headersOf(context), context) !== true,
        timeOperation: () => cache.stats.timeOperation(),
        onAnswered: ({ operation: { schema, document }, answer: { freshness }, result, context }) => {
          const followed = follow(schema, document, context);
          followed?.isMadeOf(freshness);
          if (followed !== undefined) say(followed, result, context);
        },
      });
    hooks.addHook('preExecution', preExecution);
    hooks.addHook('onResolution', onResolution);
    fromMemo?.standBefore(app);
    await Promise.resolve();
  };
}

function hasHooks(hooks: unknown): hooks is Hooks {
  // It is a function with members.
  return typeof hooks === 'function' && 'addHook' in hooks;
}
