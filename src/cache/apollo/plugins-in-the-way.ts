import { isExecutingPlugin, originalOf } from '../plain-plugins.js';

/**
 * Apollo Server's own plugins that lose nothing: what `CacheControl` writes into every answer that was not executed is learnt
 * from such an answer, `InlineTrace` is for requests with a header of their own, and `DisableSuggestions` is for errors.
 */
const HARMLESS = new Set<unknown>(['CacheControl', 'InlineTrace', 'DisableSuggestions']);

/** With it a gateway asks a subgraph to follow the execution: `InlineTrace` does. */
export const TRACED_BY = 'apollo-federation-include-trace';

/** All plugins of a server, which it keeps to itself; undefined where it has them elsewhere. */
export function pluginsOf(server: object): readonly unknown[] | undefined {
  const internals: unknown = Reflect.get(server, 'internals');
  const plugins: unknown = isObject(internals) ? Reflect.get(internals, 'plugins') : undefined;
  return Array.isArray(plugins) ? plugins : undefined;
}

/** The names of those that see requests, other than the ones that may miss some. */
export function pluginsInTheWay(plugins: readonly unknown[], mayMiss: ReadonlySet<object>): string[] {
  return plugins.flatMap((plugin, place) => {
    if (!isObject(plugin) || typeof Reflect.get(plugin, 'requestDidStart') !== 'function') return [];
    const id: unknown = Reflect.get(plugin, '__internal_plugin_id__');
    if (HARMLESS.has(id) || isExecutingPlugin(plugin) || mayMiss.has(originalOf(plugin))) return [];
    return [typeof id === 'string' ? id : `plugins[${place}]`];
  });
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
