import { describe, expect, it } from 'vitest';
import { testCache } from '../../support/test-cache.js';

const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

const typeDefs = `
  scalar Any
  type User { id: ID! name: String version: Int! }
  type Query {
    user(id: ID!): User @cached(ttl: 60, key: "user-{args.id}")
    colon(id: ID!): User @cached(ttl: 60, key: "C:u-{args.id}.x/{args.id}")
    first(id: ID!): User @cached(ttl: 60, key: "{args.id}:F")
    typed(id: Any!): User @cached(ttl: 60, key: "T:u{args.id}")
    tagged(id: ID!): User @cached(ttl: 60, tags: ["D-{args.id}"])
    listed(ids: [ID!]!): String @cached(ttl: 60, tags: ["D-{args.ids}"])
    varied(id: ID!): User @cached(ttl: 60, key: "V:v-{args.id}", vary: ["tenant"])
    through(id: ID!): User @cached(ttl: 60, pattern: READ_THROUGH, key: "A:{args.id}")
  }
  type Mutation {
    change(id: ID!): Boolean
      @invalidates(tags: ["user-{args.id}", "C:u-{args.id}.x/{args.id}", "{args.id}:F", "T:u{args.id}", "D-{args.id}", "V:v-{args.id}"])
    changeAll(ids: [ID!]!): Boolean @invalidates(tags: ["D-{args.ids}"])
    write(id: ID!): User @cached(ttl: 60, pattern: WRITE_THROUGH, key: "user-{args.id}")
    writeVaried(id: ID!): User @cached(ttl: 60, pattern: WRITE_THROUGH, key: "V:v-{args.id}", vary: ["tenant"])
  }
`;

function users() {
  let version = 1;
  const row = (_: unknown, { id }: { id?: unknown }) => ({ id: String(id), name: `v${version}`, version });
  const write = (_: unknown, args: { id?: unknown }) => {
    version += 1;
    return row(_, args);
  };
  return testCache({
    typeDefs,
    vary: { tenant: ({ tenant }) => tenant },
    varyTags: ['tenant'],
    resolvers: {
      Query: {
        user: row,
        colon: row,
        first: row,
        typed: row,
        tagged: row,
        varied: row,
        listed: () => `v${version}`,
      },
      Mutation: {
        change: () => (version += 1) > 0,
        changeAll: () => (version += 1) > 0,
        write,
        writeVaried: write,
      },
    },
    origins: { A: { load: (ids) => Promise.resolve(ids.map((id) => row(null, { id }))) } },
  });
}

const spellings: [read: string, written: string][] = [
  ['007', '7'],
  ['7', '007'],
  ['7', '7'],
  [' 7', '7.0'],
  [UUID.toUpperCase(), UUID],
  [UUID, UUID.toUpperCase()],
];
const tenant = { tenant: 'acme' };

describe.each(['user', 'colon', 'first', 'typed', 'tagged', 'varied'])(
  'where text stands beside the id, in the field %s,',
  (field) => {
    it.each(spellings)(
      'a read of "%s" is ended by a write of "%s", and not by one of another',
      async (id, written) => {
        const { query } = users();
        const read = async () => (await query(`{ ${field}(id: "${id}") { name } }`, tenant)).data;
        await read();
        await query('mutation { change(id: "8") }', tenant);
        expect(await read()).toEqual({ [field]: { name: 'v1' } });
        await query(`mutation { change(id: "${written}") }`, tenant);
        expect(await read()).toEqual({ [field]: { name: 'v3' } });
      },
    );
  },
);

it.each(spellings)('lists in tags meet: "%s" is ended by "%s"', async (id, written) => {
  const { query } = users();
  const read = async () => (await query(`{ listed(ids: ["1", "${id}"]) }`)).data;
  await read();
  await query(`mutation { changeAll(ids: ["8", "${written}"]) }`);
  expect(await read()).toEqual({ listed: 'v2' });
});

describe.each([
  ['user', 'write'],
  ['varied', 'writeVaried'],
])('a write through the cache of %s', (field, mutation) => {
  it.each(spellings)('ends what is read as "%s" when it writes "%s"', async (id, written) => {
    const { query } = users();
    const read = async (context = tenant) =>
      (await query(`{ ${field}(id: "${id}") { name } }`, context)).data;
    await read();
    await query(`mutation { ${mutation}(id: "${written}") { name } }`, tenant);
    expect(await read()).toEqual({ [field]: { name: 'v2' } });
  });
});

it('a whole text still ends what is spelt as it is', async () => {
  const { query, cache } = users();
  const read = async () =>
    (await query('{ tagged(id: "007") { name } user(id: "007") { id } }')).outcomes.sort();
  await read();
  await cache.invalidate(['D-007', 'user-007']);
  expect(await read()).toEqual(['Query.tagged MISS', 'Query.user MISS']);
  await cache.invalidate(['D-7', 'user-7']);
  expect(await read()).toEqual(['Query.tagged MISS', 'Query.user MISS']);
});
