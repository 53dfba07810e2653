import { makeExecutableSchema } from '@graphql-tools/schema';
import { execute, parse, type ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import { cacheTypeDefs } from '../../../src/cache/index.js';
import { testCache, type TestCacheOptions } from '../../support/test-cache.js';

const typeDefs = /* GraphQL */ `
  type Query {
    rows: [Row] @cached(ttl: 60)
    failing: [Row] @cached(ttl: 60)
  }
  type Row {
    id: ID!
    edges: [Edge]
    size: Int @cached(ttl: 60, key: "Size:{parent.id}")
    secret: String @cached(ttl: 60, scope: PRIVATE)
  }
  type Edge {
    id: ID!
    size: Int @cached(ttl: 60, key: "Size:{parent.id}")
  }
`;

class RowThatFails {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  get edges(): never {
    throw new Error(`no edges of ${this.id}`);
  }
}

const resolvers: NonNullable<TestCacheOptions['resolvers']> = {
  Query: {
    rows: () => [{ id: '1' }, { id: '2' }],
    failing: () => [new RowThatFails('1'), new RowThatFails('2')],
  },
  Row: { size: () => 1, secret: () => 'a secret' },
  Edge: { size: () => 1 },
};

interface Asked {
  readonly source: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** Data, and where each error stands. */
interface Told {
  readonly data: unknown;
  readonly errors: readonly string[];
}

function toldOf({ errors = [] }: ExecutionResult): string[] {
  return errors.map(({ path, message }) => `${path?.join('.')}: ${message}`);
}

/** What the schema answers without a cache. */
async function uncached({ source, variables = {} }: Asked): Promise<Told> {
  const schema = makeExecutableSchema({ typeDefs: [cacheTypeDefs, typeDefs], resolvers });
  const result = await execute({ schema, document: parse(source), variableValues: variables });
  return { data: result.data, errors: toldOf(result) };
}

/** What it answers with one, twice. */
async function cached({ source, variables = {} }: Asked): Promise<Told[]> {
  const { query } = testCache({ typeDefs, resolvers });
  const told: Told[] = [];
  for (let time = 0; time < 2; time += 1) {
    const { data, result } = await query(source, {}, variables);
    told.push({ data, errors: toldOf(result) });
  }
  return told;
}

describe('what fails while fields below a list are looked for fails in its own place', () => {
  it('a variable of a directive that is null', async () => {
    const asked = {
      source: 'query ($x: Boolean = true) { rows { id size @include(if: $x) } }',
      variables: { x: null },
    };
    const answer = await uncached(asked);
    expect(answer.data).toEqual({ rows: [null, null] });
    expect(await cached(asked)).toEqual([answer, answer]);
  });

  it('a property that cannot be read', async () => {
    const asked = { source: '{ failing { id edges { size } } }' };
    const answer = await uncached(asked);
    expect(answer).toEqual({
      data: {
        failing: [
          { id: '1', edges: null },
          { id: '2', edges: null },
        ],
      },
      errors: ['failing.0.edges: no edges of 1', 'failing.1.edges: no edges of 2'],
    });
    expect(await cached(asked)).toEqual([answer, answer]);
  });

  it('the question who the viewer is', async () => {
    let fails = false;
    const viewer = (): string => {
      if (fails) throw new Error('no viewer');
      return '7';
    };
    const { query } = testCache({ typeDefs, resolvers, viewer });
    await query('{ rows { id size } }');
    fails = true;
    const { data, result } = await query('{ rows { id size secret } }');
    const row = (id: string) => ({ id, size: 1, secret: null });
    expect(data).toEqual({ rows: [row('1'), row('2')] });
    expect(toldOf(result)).toEqual([
      expect.stringMatching(/^rows\.0\.secret: .*no viewer/),
      expect.stringMatching(/^rows\.1\.secret: .*no viewer/),
    ]);
  });
});
