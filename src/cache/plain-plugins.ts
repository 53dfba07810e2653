const executing = new WeakSet<object>();
const originals = new WeakMap<object, object>();

/** Notes a plugin of the engine's own for Apollo Server that executes operations, and does nothing else at a request. */
export function noteExecutingPlugin<Plugin extends object>(plugin: Plugin): Plugin {
  executing.add(plugin);
  return plugin;
}

/** True for plugins that have no part in a request whose operation is not executed. */
export function isExecutingPlugin(plugin: object): boolean {
  return executing.has(plugin);
}

/** Notes what stands for a plugin in the list of its server. */
export function noteStandIn<Plugin extends object>(standIn: Plugin, original: Plugin): Plugin {
  originals.set(standIn, original);
  return standIn;
}

/** The plugin that another one stands for; itself where it stands for none. */
export function originalOf(plugin: object): object {
  return originals.get(plugin) ?? plugin;
}
