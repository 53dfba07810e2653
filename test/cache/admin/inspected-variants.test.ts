import { expect, it, onTestFinished } from 'vitest';
import { testCache } from '../../support/test-cache.js';

it('inspect tells of a variant that it is fresh, until its row is ended', async () => {
  const { cache, query } = testCache({
    typeDefs: 'type Query { label(id: ID!): Int @cached(ttl: 60, key: "Label:{args.id}", vary: ["tenant"]) }',
    vary: { tenant: (context) => context.tenant },
    resolvers: { Query: { label: () => 1 } },
  });
  onTestFinished(() => cache.close());
  await query('{ label(id: 1) }', { tenant: 'acme' });
  expect(await cache.tools.inspect('Label:1|tenant=acme')).toMatchObject({ state: 'fresh' });
  await cache.invalidate(['Label:1']);
  expect(await cache.tools.inspect('Label:1|tenant=acme')).not.toMatchObject({ state: 'fresh' });
});
