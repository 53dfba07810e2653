import type { DocumentNode, ExecutionArgs, ExecutionResult, GraphQLSchema } from 'graphql';
import type { MaybePromise } from '../maybe-promise.js';
import { createObjectNotes, type ObjectNotes } from '../object-notes.js';
import { noteExecutingPlugin, noteStandIn } from '../plain-plugins.js';
import type { CompiledExecution } from './compiled-execution.js';

/** What is read of a request that is about to be executed; any Apollo Server 4 or 5 request fits. */
export interface EarlyRequest<Head> {
  readonly request: { readonly variables?: Record<string, unknown>; readonly operationName?: string };
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly contextValue: unknown;
  /** An object of this request that a gateway is given too. */
  readonly metrics: object;
  readonly response: { readonly http: Head };
}

/** An answer without errors. */
export interface EarlyResponse<Head> {
  readonly http: Head;
  readonly body: {
    readonly kind: 'single';
    readonly singleResult: { readonly data: Record<string, unknown> | null };
  };
}

/** A plugin for Apollo Server. */
export interface EarlyPlugin {
  serverWillStart?(service: object): Promise<void>;
  requestDidStart?<Head>(request: { readonly response: { readonly http: Head } }): Promise<{
    responseForOperation(request: EarlyRequest<Head>): Promise<EarlyResponse<Head> | null>;
  }>;
}

/** What is looked for in what other plugins listen to. */
interface Listener {
  readonly executionDidStart?: unknown;
  readonly responseForOperation?: unknown;
}

interface Heard {
  readonly listener: Listener;
  /** Whether Apollo asks it after this plugin. */
  readonly isAfter: boolean;
}

export interface EarlyOptions<Plugin extends object> {
  readonly plugins: readonly Plugin[];
  readonly compiled: CompiledExecution;
  argsOf(request: EarlyRequest<unknown>): ExecutionArgs;
}

export interface EarlyAnswers<Plugin> {
  /** For the server: those that were given, and one that answers. */
  readonly plugins: (Plugin | EarlyPlugin)[];
  /** By the `metrics` of a request, what its gateway answers. */
  readonly handed: ObjectNotes<() => MaybePromise<ExecutionResult>>;
}

/**
 * Executes by plans before Apollo Server makes what it gives to a gateway: that has accessors of its own, so each request would
 * leave a shape behind that keeps all of it among the old objects. Where a plugin listens to the execution, or may answer after
 * this one, and where there are errors, the gateway is asked, and `handed` has what it answers: nothing is executed twice.
 */
export function earlyAnswers<Plugin extends object>({
  plugins,
  compiled,
  argsOf,
}: EarlyOptions<Plugin>): EarlyAnswers<Plugin> {
  const handed = createObjectNotes<() => MaybePromise<ExecutionResult>>();
  const heard = createObjectNotes<Heard[]>();
  const responseForOperation = async <Head>(
    request: EarlyRequest<Head>,
  ): Promise<EarlyResponse<Head> | null> => {
    if (heard.get(request)?.some(isInTheWay) === true) return null;
    const { metrics, response } = request;
    try {
      const prepared = compiled.prepare(argsOf(request));
      if (!prepared.isPlanned) {
        handed.set(metrics, prepared.execute);
        return null;
      }
      const result = await prepared.execute();
      const { data, errors } = result;
      if (data !== undefined && errors === undefined) {
        return { http: response.http, body: { kind: 'single', singleResult: { data } } };
      }
      handed.set(metrics, () => result);
    } catch (error) {
      handed.set(metrics, () => Promise.reject(error));
    }
    return null;
  };
  const answering = noteExecutingPlugin<EarlyPlugin>({
    requestDidStart: () => Promise.resolve({ responseForOperation }),
  });
  // Apollo Server keeps this list itself, and adds its own plugins to it. Should it take a copy, nothing is answered early.
  const list: (Plugin | EarlyPlugin)[] = [...plugins];
  const starting: EarlyPlugin = {
    serverWillStart: () => {
      const place = list.indexOf(starting);
      for (const [index, plugin] of list.entries()) {
        list[index] = plugin === starting ? answering : watched(plugin, index > place, heard);
      }
      return Promise.resolve();
    },
  };
  list.push(starting);
  return { plugins: list, handed };
}

function isInTheWay({ listener, isAfter }: Heard): boolean {
  return listener.executionDidStart !== undefined || (isAfter && listener.responseForOperation !== undefined);
}

/** The same plugin, whose listeners are noted. */
function watched<Plugin extends object>(
  plugin: Plugin,
  isAfter: boolean,
  heard: ObjectNotes<Heard[]>,
): Plugin {
  const startOf = (): unknown => Reflect.get(plugin, 'requestDidStart');
  const requestDidStart = async (request: object): Promise<unknown> => {
    const start = startOf();
    if (typeof start !== 'function') return undefined;
    const listener: unknown = await Reflect.apply(start, plugin, [request]);
    if (!isObject(listener)) return listener;
    const known = heard.get(request);
    if (known === undefined) heard.set(request, [{ listener, isAfter }]);
    else known.push({ listener, isAfter });
    return listener;
  };
  // A plugin may be frozen, and then a proxy of itself could answer with nothing else.
  const heir: Plugin = Object.create(plugin);
  const standIn = new Proxy(heir, {
    get(_heir, name) {
      // Asked each time: it may begin to listen only when the server starts.
      if (name === 'requestDidStart') return typeof startOf() === 'function' ? requestDidStart : undefined;
      const value: unknown = Reflect.get(plugin, name, plugin);
      // Plugins may have private fields, which only they themselves can read.
      return typeof value === 'function' ? value.bind(plugin) : value;
    },
  });
  return noteStandIn(standIn, plugin);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
