import type { GraphQLSchema } from 'graphql';
import { refuseFaults, unknownOptions } from '../unknown-options.js';
import { Front, type AnsweringServer, type FrontOptions, type GivenInside } from './front.js';
import { pluginsOf } from './plugins-in-the-way.js';

/** What `plugin.answerInFrontOf` is told. */
export interface InFrontOptions {
  /**
   * Plugins that need not see the requests which are answered in front of the server. As long as any other plugin of the server
   * sees requests (`requestDidStart`), nothing is answered in front, and the log says why. Default: none.
   */
  readonly without?: readonly object[];
}

const inFrontOptions = { without: true } satisfies Record<keyof InFrontOptions, true>;

/** What a plugin is told of the schema of its server. */
export interface ServerListener {
  schemaDidLoadOrUpdate(loaded: { readonly apiSchema: GraphQLSchema }): void;
  /** A stop may fail before the server is told that it stops. */
  drainServer(): Promise<void>;
  serverWillStop(): Promise<void>;
}

export type InFrontSource = Omit<FrontOptions, 'server' | 'mayMiss' | 'memo'> & {
  readonly memo: FrontOptions['memo'] | undefined;
};

/** The part of a plugin that stands in front of its server. */
export class InFront {
  readonly #source: InFrontSource;
  #front: Front | undefined;
  #isSet = false;
  #hasStarted = false;

  constructor(source: InFrontSource) {
    this.#source = source;
  }

  /** @throws CacheError naming everything that is wrong. */
  set<Server extends AnsweringServer>(server: Server, options: InFrontOptions, plugin: object): Server {
    refuseFaults('plugin.answerInFrontOf', this.#faults(server, options, plugin));
    this.#isSet = true;
    const { memo } = this.#source;
    const mayMiss = new Set([plugin, ...(options.without ?? [])]);
    if (memo !== undefined) this.#front = new Front({ ...this.#source, memo, server, mayMiss });
    return server;
  }

  /** Called when the server starts. @throws CacheError for another server that has the same plugin. */
  start(): ServerListener | undefined {
    const front = this.#front;
    if (front !== undefined && this.#hasStarted)
      refuseFaults('plugin.answerInFrontOf', [
        'another server has started with this plugin, which stands in front of one; make a plugin for each',
      ]);
    this.#hasStarted = true;
    if (front === undefined) return undefined;
    const close = (): Promise<void> => Promise.resolve(front.willStop());
    return {
      schemaDidLoadOrUpdate: ({ apiSchema }) => front.loaded(apiSchema),
      drainServer: close,
      serverWillStop: close,
    };
  }

  /** Told of a request that the server answers from the memo. */
  givenInside(request: object | undefined, given: GivenInside): void {
    if (request !== undefined) this.#front?.givenInside(request, given);
  }

  /** Whether the memo had no answer to a request in front of the server. */
  wasAsked(request: object | undefined): boolean {
    return request !== undefined && this.#front?.wasAsked(request) === true;
  }

  #faults(server: AnsweringServer, options: InFrontOptions, plugin: object): string[] {
    const faults = unknownOptions(options, inFrontOptions);
    const { without = [] }: { without?: unknown } = options;
    if (!Array.isArray(without) || !without.every((one) => typeof one === 'object' && one !== null))
      faults.push('without must be a list of plugins');
    const given: unknown = server;
    if (typeof given !== 'object' || given === null || !('executeHTTPGraphQLRequest' in given))
      return [...faults, 'the server must be an Apollo Server 4 or 5'];
    if (this.#hasStarted) faults.push('the server has started already; call it before that');
    if (this.#isSet) faults.push('this plugin stands in front of a server already; make another one');
    if (pluginsOf(server)?.includes(plugin) === false)
      faults.push('the server does not have this plugin; put it into its plugins');
    return faults;
  }
}
