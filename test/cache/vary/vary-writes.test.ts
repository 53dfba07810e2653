import { describe, expect, it } from 'vitest';
import type { CacheOptions } from '../../../src/cache/index.js';
import type { VaryValue } from '../../../src/cache/types/index.js';
import { testCache, type TestContext } from '../../support/test-cache.js';

const typeDefs = `
  type Film { id: ID! title: String! version: Int! }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}", vary: ["tenant"])
    titles: String @cached(ttl: 60, tags: ["Film:1"], vary: ["tenant"])
    count: Int @cached(ttl: 60, tags: ["Count:films"])
    all: String @cached(ttl: 60, tags: ["Film:1"], key: "All")
  }
  type Mutation {
    store(id: ID!, title: String!): Film @cached(ttl: 60, pattern: WRITE_THROUGH, key: "Film:{args.id}", vary: ["tenant"])
    storeHot(id: ID!, title: String!): Film @cached(ttl: 60, pattern: HYBRID, key: "Film:{args.id}", vary: ["tenant"])
    change(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}"])
    recount: Boolean @invalidates(tags: ["Count:films"])
  }
`;

/** The same without the field that is the same for all tenants though it depends on a row. */
const ofTenants = typeDefs.replace(
  'all: String @cached(ttl: 60, tags: ["Film:1"], key: "All")',
  'all: String',
);

function films(options: Partial<CacheOptions<TestContext>> & { typeDefs?: string } = {}) {
  const rows = new Map<string, { title: string; version: number }>();
  const rowOf = (id: string, tenant: VaryValue | undefined) => ({
    id,
    title: `${String(tenant)}: ${rows.get(id)?.title ?? 'old'}`,
    version: rows.get(id)?.version ?? 1,
  });
  const write = (_: unknown, { id, title }: { id: string; title: string }, { tenant }: TestContext) => {
    rows.set(id, { title, version: (rows.get(id)?.version ?? 1) + 1 });
    return rowOf(id, tenant);
  };
  return testCache({
    typeDefs,
    vary: { tenant: ({ tenant }: TestContext) => tenant },
    resolvers: {
      Query: {
        film: (_, { id }: { id: string }, { tenant }) => rowOf(id, tenant),
        titles: (_, _args, { tenant }) => rowOf('1', tenant).title,
        count: () => rows.size,
        all: () => rowOf('1', 'all').title,
      },
      Mutation: { store: write, storeHot: write, change: () => true, recount: () => true },
    },
    ...options,
  });
}

const READ = '{ film(id: 1) { title } }';
const acme = { tenant: 'acme' };
const other = { tenant: 'other' };

describe.each(['store', 'storeHot'])('a write through the cache of what varies, %s', (field) => {
  const WRITE = `mutation { ${field}(id: 1, title: "new") { title } }`;

  it("stores the writer's variant, and ends all others", async () => {
    const { query } = films();
    for (const context of [acme, other]) await query(READ, context);
    expect((await query(WRITE, acme)).outcomes).toEqual(['Mutation.' + field + ' WRITTEN']);
    const [own, others] = [await query(READ, acme), await query(READ, other)];
    expect([own.outcomes, own.data]).toEqual([['Query.film HIT'], { film: { title: 'acme: new' } }]);
    expect([others.outcomes, others.data]).toEqual([['Query.film MISS'], { film: { title: 'other: new' } }]);
  });

  it('shows no value in its evidence', async () => {
    const { query } = films();
    await query(READ, acme);
    expect((await query(WRITE, acme)).evidence.fields.map(({ key }) => key)).toEqual([
      expect.stringMatching(/^Film:1\|tenant=#[0-9a-f]{6}$/),
    ]);
  });
});

describe('where tenants have rows of their own', () => {
  const tenants = { varyTags: ['tenant'], typeDefs: ofTenants };
  const READS = '{ film(id: 1) { title } titles }';
  const outcomesFor = async ({ query }: ReturnType<typeof films>): Promise<string[][]> => [
    (await query(READS, acme)).outcomes,
    (await query(READS, other)).outcomes,
  ];
  const HITS = ['Query.film HIT', 'Query.titles HIT'];
  const MISSES = ['Query.film MISS', 'Query.titles MISS'];

  it("a write reaches its own tenant's rows and no others", async () => {
    const tested = films(tenants);
    await outcomesFor(tested);
    await tested.query('mutation { change(id: 1) }', acme);
    expect(await outcomesFor(tested)).toEqual([MISSES, HITS]);
  });

  it('a write through the cache stores its row and leaves those of others', async () => {
    const tested = films(tenants);
    await outcomesFor(tested);
    await tested.query('mutation { store(id: 1, title: "new") { id } }', acme);
    expect(await outcomesFor(tested)).toEqual([['Query.film HIT', 'Query.titles MISS'], HITS]);
  });

  it('ids that are spelt otherwise are the same row of the same tenant', async () => {
    const tested = films(tenants);
    const read = (context: TestContext) => tested.query('{ film(id: "01") { id } }', context);
    for (const context of [acme, other]) await read(context);
    await tested.query('mutation { change(id: 1) }', acme);
    expect([(await read(acme)).outcomes, (await read(other)).outcomes]).toEqual([
      ['Query.film MISS'],
      ['Query.film HIT'],
    ]);
  });

  it('a write through the cache of an id that is spelt otherwise reaches the row of the same tenant', async () => {
    const tested = films(tenants);
    for (const context of [acme, other]) await tested.query(READ, context);
    await tested.query('mutation { store(id: "01", title: "new") { id } }', acme);
    expect([(await tested.query(READ, acme)).outcomes, (await tested.query(READ, other)).outcomes]).toEqual([
      ['Query.film MISS'],
      ['Query.film HIT'],
    ]);
  });

  it('a tag that names no tenant reaches the rows of all, as of triggers that know none', async () => {
    const tested = films(tenants);
    await outcomesFor(tested);
    await tested.cache.invalidate(['Film:1']);
    expect(await outcomesFor(tested)).toEqual([MISSES, MISSES]);
  });

  it('a tag that names one reaches its rows, as of triggers that know it', async () => {
    const tested = films(tenants);
    await outcomesFor(tested);
    await tested.cache.invalidate(['Film:1|tenant=acme']);
    expect(await outcomesFor(tested)).toEqual([MISSES, HITS]);
  });

  it('a write reaches what is the same for all, also where it depends on a row of the tenant', async () => {
    const tested = films({ varyTags: ['tenant'] });
    const read = async () => (await tested.query('{ all count }', other)).outcomes.sort();
    await read();
    await tested.query('mutation { change(id: 1) }', acme);
    expect(await read()).toEqual(['Query.all MISS', 'Query.count HIT']);
    await tested.query('mutation { store(id: 1, title: "new") { id } }', acme);
    expect(await read()).toEqual(['Query.all MISS', 'Query.count HIT']);
    await tested.query('mutation { recount }', acme);
    expect(await read()).toEqual(['Query.all HIT', 'Query.count MISS']);
  });
});
