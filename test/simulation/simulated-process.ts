import { execute, type DocumentNode, type GraphQLSchema } from 'graphql';
import { Cluster, Redis } from 'ioredis';
import { createCache, type Cache } from '../../src/cache/index.js';
import { redisStore } from '../../src/cache/redis/index.js';
import type { WorldContext } from './world-schema.js';

export interface ProcessOptions {
  readonly name: string;
  readonly schema: GraphQLSchema;
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  readonly isCluster: boolean;
  readonly strictCopies: boolean;
  readonly random: () => number;
  readonly world: WorldContext['world'];
  readonly loadRow: (id: string) => Promise<unknown>;
}

/** What one request has brought. */
export interface Answer {
  /** The field's value; undefined where the request failed. */
  readonly value: unknown;
  /** Whether a write was acknowledged with its invalidation applied. */
  readonly isStrict: boolean;
  readonly error: string | undefined;
}

const SILENT = { warn: () => undefined, error: () => undefined };

/** A process of the simulated world: the engine as it is, on a store that finds its servers in the simulated network. */
export class SimulatedProcess {
  readonly name: string;
  readonly #cache: Cache<WorldContext>;
  readonly #schema: GraphQLSchema;
  readonly #world: WorldContext['world'];

  constructor({ name, schema, addresses, isCluster, strictCopies, random, world, loadRow }: ProcessOptions) {
    const [address] = addresses;
    const client = isCluster ? new Cluster([...addresses]) : new Redis({ ...address });
    this.name = name;
    this.#world = world;
    this.#cache = createCache<WorldContext>({
      store: redisStore(client, { prefix: 'world' }),
      ...{ strictCopies, random, log: SILENT, environment: 'test' },
      origins: { Row: { load: (ids: readonly string[]) => Promise.all(ids.map(loadRow)) } },
    });
    this.#schema = this.#cache.apply(schema);
  }

  start(): Promise<void> {
    return this.#cache.start();
  }

  close(): Promise<void> {
    return this.#cache.close();
  }

  counters(): ReturnType<Cache<WorldContext>['stats']['counters']> {
    return this.#cache.stats.counters();
  }

  async ask(document: DocumentNode, variableValues: Readonly<Record<string, string>>): Promise<Answer> {
    const contextValue = { world: this.#world };
    const { data, errors } = await execute({ schema: this.#schema, document, contextValue, variableValues });
    const [value] = Object.values(data ?? {});
    const isStrict = this.#cache.writes.consistencyOf(contextValue) === 'strict';
    return { value, isStrict, error: errors?.[0]?.message };
  }
}
