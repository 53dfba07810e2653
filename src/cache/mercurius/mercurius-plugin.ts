import { CacheError } from '../errors.js';
import {
  answersOf,
  withCache,
  type EvidenceOptions,
  type EvidenceSource,
  type Told,
} from '../metrics/answer-evidence.js';

/** A plugin for Fastify, to be registered after Mercurius. */
export type MercuriusPlugin = (app: object) => Promise<void>;

/** What `cachePlugin` is told; `evidence` is asked with the context of the request. */
export type MercuriusPluginOptions<Context> = EvidenceOptions<Context>;

/** What the plugin calls of Mercurius; both hooks leave its JIT on, as they change neither schema nor document. */
interface Hooks {
  addHook(
    name: 'preExecution',
    hook: (schema: unknown, document: unknown, context: object) => Promise<void>,
  ): void;
  addHook(name: 'onResolution', hook: (answer: Answer, context: object) => Promise<void>): void;
}

interface Answer {
  extensions?: Record<string, unknown>;
}

/**
 * Adds `extensions.cache` to the answers of Mercurius: the evidence, where the request may have it, and to every request that
 * a write of it was acknowledged as `bounded`. Caching works without it. Events of subscriptions are left as they are.
 * @throws CacheError naming every option that does not exist or cannot be; the plugin rejects with one where it is registered
 * before Mercurius.
 */
export function cachePlugin<Context>(
  cache: EvidenceSource,
  options: MercuriusPluginOptions<Context> = {},
): MercuriusPlugin {
  const begin = answersOf<Context>(cache, { call: 'cachePlugin', options, argument: 'context', headersOf });
  const begun = new WeakMap<object, Told>();
  return async (app) => {
    const hooks: unknown = Reflect.get(app, 'graphql');
    if (!hasHooks(hooks)) {
      throw new CacheError(
        'CACHE_CONFIGURATION',
        'cachePlugin: Mercurius is not there; register mercurius before this plugin',
      );
    }
    hooks.addHook('preExecution', async (_schema, _document, context) => {
      // The context of a server is what its owner says it is.
      begun.set(context, begin(context as Context, context));
      await Promise.resolve();
    });
    hooks.addHook('onResolution', async (answer, context) => {
      const cached = begun.get(context)?.();
      if (cached !== undefined) answer.extensions = withCache(answer.extensions, cached);
      await Promise.resolve();
    });
    await Promise.resolve();
  };
}

function hasHooks(hooks: unknown): hooks is Hooks {
  // It is a function with members.
  return typeof hooks === 'function' && 'addHook' in hooks;
}

/** Mercurius puts the reply of Fastify into the context, which knows its request. */
function headersOf(context: unknown): unknown {
  return ['reply', 'request', 'headers'].reduce<unknown>(
    (holder, name) => (typeof holder === 'object' && holder !== null ? Reflect.get(holder, name) : undefined),
    context,
  );
}
