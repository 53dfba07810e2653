import { setTimeout as passes } from 'node:timers/promises';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, parse } from 'graphql';
import { cacheTypeDefs, createCache, type Cache, type Store } from '../../../src/cache/index.js';
import { cacheLog } from '../cache-log.js';

/** One query for a row and its parent, and for a list of rows with theirs. */
export interface NestedAnswer {
  readonly errors: number;
  /** Every version in the answer, at both levels. */
  readonly versions: ReadonlySet<number>;
  /** Where the answer's fields came from: `redis`, `memory`, `origin`. */
  readonly tiers: ReadonlySet<string>;
}

export interface NestedRows {
  readonly cache: Cache<object>;
  readonly logged: readonly string[];
  /** Changes every row behind the cache's back: nothing is invalidated. */
  changeAll(version: number): void;
  ask(): Promise<NestedAnswer>;
}

const typeDefs = /* GraphQL */ `
  type Row {
    id: ID!
    version: Int!
    parent: Row @cached(ttl: 3600, pattern: READ_THROUGH, key: "Row:{parent.parentId}")
  }
  type Query {
    row(id: ID!): Row @cached(ttl: 3600, key: "Top:{args.id}", tags: ["Row:{args.id}"])
    rows(ids: [ID!]!): [Row]! @cached(ttl: 3600, pattern: READ_THROUGH, key: "Row:{args.ids}")
  }
`;
const IDS = ['1', '2', '3', '4', '5'];
const document = parse(/* GraphQL */ `
  query ($id: ID!, $ids: [ID!]!) {
    row(id: $id) {
      version
      parent {
        version
      }
    }
    rows(ids: $ids) {
      version
      parent {
        version
      }
    }
  }
`);

interface Versions {
  readonly version: number;
  readonly parent: { readonly version: number };
}

/** A schema with two cached levels over five rows and their parents, whose loads take `loadMs`. */
export function nestedRows(store: Store, loadMs: number): NestedRows {
  const log = cacheLog();
  let version = 1;
  let asked = 0;
  const load = async (ids: readonly string[]): Promise<unknown[]> => {
    const rows = ids.map((id) => ({ id, version, parentId: `${id} parent` }));
    await passes(loadMs);
    return rows;
  };
  const cache = createCache<object>({ store, log, environment: 'test', origins: { Row: { load } } });
  const row = async (_: unknown, { id }: { id: string }): Promise<unknown> => (await load([id]))[0];
  const schema = cache.apply(
    makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers: { Query: { row } } }),
  );
  return {
    cache,
    logged: log.lines,
    changeAll: (next) => (version = next),
    ask: async () => {
      const contextValue = {};
      const trace = cache.trace(contextValue);
      const variableValues = { id: IDS[(asked += 1) % IDS.length], ids: IDS };
      const { data, errors = [] } = await execute({ schema, document, contextValue, variableValues });
      const rows = data == null ? [] : [data['row'] as Versions, ...(data['rows'] as Versions[])];
      return {
        errors: errors.length,
        versions: new Set(rows.flatMap((one) => [one.version, one.parent.version])),
        tiers: new Set(trace.report().fields.map(({ tier = 'none' }) => tier)),
      };
    },
  };
}
