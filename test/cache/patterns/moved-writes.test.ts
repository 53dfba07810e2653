import { describe, expect, it, onTestFinished } from 'vitest';
import { testCache, type TestCacheOptions, type TestContext } from '../../support/test-cache.js';

type Resolver = NonNullable<TestCacheOptions['resolvers']>[string][string];

const STORING = ['WRITE_THROUGH', 'HYBRID'] as const;

const ann = { viewer: { id: 'ann' } };
const ben = { viewer: { id: 'ben' } };

/** Accounts of viewers, and a mutation that changes the viewer as a test says. */
async function accounts(pattern: (typeof STORING)[number], change: (context: TestContext) => void) {
  const names = new Map([
    ['ann', 'Ann'],
    ['ben', 'Ben'],
  ]);
  let version = 1;
  const rowOf = (id = '') => ({ id, name: names.get(id), version });
  const signIn: Resolver = (_, { name }: { name: string }, context) => {
    change(context);
    version += 1;
    const { id = '' } = context.viewer ?? {};
    names.set(id, name);
    return rowOf(id);
  };
  const tested = testCache({
    typeDefs: `
      type Account { id: ID! name: String version: Int! }
      type Query { me: Account @cached(ttl: 60, scope: PRIVATE, key: "Me:{viewer.id}") }
      type Mutation { signIn(name: String): Account @cached(ttl: 60, scope: PRIVATE, pattern: ${pattern}, key: "Me:{viewer.id}") }
    `,
    resolvers: {
      Query: { me: (_, _args, { viewer }) => rowOf(viewer?.id) },
      Mutation: { signIn },
    },
  });
  await tested.cache.start();
  onTestFinished(() => tested.cache.close());
  const me = async (context: TestContext) => (await tested.query('{ me { name } }', context)).data;
  const write = (context?: TestContext) => tested.query('mutation { signIn(name: "new") { name } }', context);
  return { ...tested, me, write };
}

describe.each(STORING)('%s, where the resolver says another viewer', (pattern) => {
  it('stores nothing for the one before, and ends the rows of both', async () => {
    const { me, write } = await accounts(pattern, (context) => {
      context.viewer = { id: 'ben' };
    });
    expect([await me(ann), await me(ben)]).toEqual([{ me: { name: 'Ann' } }, { me: { name: 'Ben' } }]);
    const { outcomes } = await write(ann);
    expect(outcomes).toEqual(['Mutation.signIn INVALIDATED']);
    expect([await me(ann), await me(ben)]).toEqual([{ me: { name: 'Ann' } }, { me: { name: 'new' } }]);
  });

  it('ends the row of the one who was found meanwhile', async () => {
    const { me, write } = await accounts(pattern, (context) => {
      context.viewer = { id: 'ben' };
    });
    expect(await me(ben)).toEqual({ me: { name: 'Ben' } });
    await write();
    expect(await me(ben)).toEqual({ me: { name: 'new' } });
  });

  it('stores the row of the same one', async () => {
    const { me, write, query } = await accounts(pattern, () => undefined);
    await me(ann);
    expect((await write(ann)).outcomes).toEqual(['Mutation.signIn WRITTEN']);
    expect(await query('{ me { name } }', ann)).toMatchObject({
      data: { me: { name: 'new' } },
      outcomes: ['Query.me HIT'],
    });
  });
});

const stored = (pattern: string): string =>
  `@cached(ttl: 60, pattern: ${pattern}, key: "Session:1", vary: ["tenant"])`;

/** Films and sessions of tenants, and a mutation after which the request is of another one. */
async function tenants(signIn: string, varyTags: readonly string[]) {
  let version = 1;
  const film: Resolver = (_, _args, { tenant }) => `of ${String(tenant)}`;
  const rowOf = ({ tenant }: TestContext) => ({ id: '1', of: `${String(tenant)} ${version}`, version });
  const tested = testCache({
    typeDefs: `
      type Session { id: ID! of: String version: Int film: String @cached(ttl: 60, key: "Film:1", vary: ["tenant"]) }
      type Touched { film: String @cached(ttl: 60, key: "Film:1", vary: ["tenant"]) }
      type Query {
        film: String @cached(ttl: 60, key: "Film:1", vary: ["tenant"])
        session: Session @cached(ttl: 60, key: "Session:1", vary: ["tenant"])
      }
      type Mutation {
        touch: Touched @invalidates(tags: ["Film:1"])
        look: Touched
        signIn: Session ${signIn}
      }
    `,
    vary: { tenant: ({ tenant }: TestContext) => tenant },
    varyTags,
    resolvers: {
      Query: { film, session: (_, _args, context) => rowOf(context) },
      Session: { film },
      Touched: { film },
      Mutation: {
        touch: () => ({}),
        look: () => ({}),
        signIn: (_, _args, context) => {
          context.tenant = 'acme';
          version += 1;
          return rowOf(context);
        },
      },
    },
  });
  await tested.cache.start();
  onTestFinished(() => tested.cache.close());
  return tested;
}

describe.each(STORING)('%s, where the resolver says another tenant', (pattern) => {
  const signIn = stored(pattern);

  it.each([[[]], [['tenant']]])('leaves each tenant its own, with varyTags %j', async (varyTags) => {
    const { query } = await tenants(signIn, varyTags);
    const read = async (tenant?: string) => (await query('{ film session { of } }', { tenant })).data;
    expect(await read('acme')).toEqual({ film: 'of acme', session: { of: 'acme 1' } });
    await query('{ session { of } }');
    await query('mutation { signIn { of film } }');
    expect(await read()).toEqual({ film: 'of undefined', session: { of: 'undefined 2' } });
    expect(await read('acme')).toEqual({ film: 'of acme', session: { of: 'acme 2' } });
  });
});

describe.each([...STORING, undefined])('%s after an earlier mutation of the same request', (pattern) => {
  const signIn = pattern === undefined ? '@invalidates(tags: ["Session:1"])' : stored(pattern);

  it.each<[string, string, readonly string[]]>([
    ['a tag', 'touch { __typename }', ['tenant']],
    ['a read below it', 'look { film }', ['tenant']],
    ['a read below it', 'look { film }', []],
  ])(
    'leaves each tenant its own, where its variant was noted by %s (%s, varyTags %j)',
    async (_, first, varyTags) => {
      const { query } = await tenants(signIn, varyTags);
      const read = async (tenant: string) => (await query('{ film session { of } }', { tenant })).data;
      expect(await read('acme')).toEqual({ film: 'of acme', session: { of: 'acme 1' } });
      expect(await read('beta')).toEqual({ film: 'of beta', session: { of: 'beta 1' } });
      const { data } = await query(`mutation { ${first} signIn { of film } }`, { tenant: 'beta' });
      expect(data).toMatchObject({ signIn: { of: 'acme 2', film: 'of acme' } });
      expect(await read('acme')).toEqual({ film: 'of acme', session: { of: 'acme 2' } });
      expect(await read('beta')).toEqual({ film: 'of beta', session: { of: 'beta 2' } });
    },
  );
});
