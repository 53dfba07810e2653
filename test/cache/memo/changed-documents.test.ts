import { makeExecutableSchema } from '@graphql-tools/schema';
import { buildSchema, Kind, parse, visit, type DocumentNode, type GraphQLFieldResolver } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cacheTypeDefs, type CacheOptions } from '../../../src/cache/index.js';
import { operationIn } from '../../../src/cache/memo/operation-in.js';
import { OperationPlans } from '../../../src/cache/memo/operation-plans.js';
import { cachePlugin } from '../../../src/cache/yoga/index.js';
import { memoCache, type Reader } from './memo-cache.js';

const typeDefs = /* GraphQL */ `
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    me: String @cached(ttl: 60, scope: PRIVATE)
  }
  type Film {
    id: ID!
    title: String
    salary: Int
  }
`;
const SALARY = 'query { film(id: 1) { ...F } } fragment F on Film { title salary }';
const ME = 'query { ...R } fragment R on Query { film(id: 1) { title } me }';
/** What a guest may not see. */
const HIDDEN = new Set(['salary', 'me']);

/** The document without what a guest may not see: whatever holds none of it is the same object as before. */
function forGuests(document: DocumentNode): DocumentNode {
  return visit(document, { Field: ({ name }) => (HIDDEN.has(name.value) ? null : undefined) });
}

const strips: Plugin<Reader> = {
  onExecute: ({ args }) => {
    if (args.contextValue.viewer === undefined) args.document = forGuests(args.document);
  },
};

/** Reads fields without a resolver by who asks. */
const byViewer: GraphQLFieldResolver<unknown, Reader> = (parent, _args, { viewer }, { fieldName }) => {
  const isShown = viewer !== undefined || !HIDDEN.has(fieldName);
  return isShown && typeof parent === 'object' && parent !== null ? Reflect.get(parent, fieldName) : null;
};
const reads: Plugin<Reader> = { onExecute: ({ args }) => void (args.fieldResolver = byViewer) };

/** Yoga with a plugin of others, before that of the cache or after it. */
async function yogaWorld(
  options: Partial<CacheOptions<Reader>>,
  { plugin = strips, isFirst = true }: { plugin?: Plugin<Reader>; isFirst?: boolean } = {},
) {
  const cache = memoCache<Reader>({ vary: {}, random: () => 0, ...options });
  const schema = cache.apply(
    makeExecutableSchema({
      typeDefs: [cacheTypeDefs, typeDefs],
      resolvers: {
        Query: {
          film: (_: unknown, { id }: { id: string }) => ({ id, title: 'Stalker', salary: 42 }),
          me: (_: unknown, __: unknown, { viewer }: Reader) => `I am ${viewer?.id}`,
        },
      },
    }),
  );
  const yoga = createYoga<object, Reader>({
    schema,
    logging: false,
    context: ({ request }) => {
      const id = request.headers.get('x-viewer');
      return id === null ? {} : { viewer: { id } };
    },
    plugins: isFirst ? [plugin, cachePlugin(cache)] : [cachePlugin(cache), plugin],
  });
  await cache.start();
  onTestFinished(async () => {
    await yoga.dispose();
    await cache.close();
  });
  /** What is answered to a viewer or a guest, and how long others may keep it. */
  const ask = async (query: string, viewer?: string) => {
    const headers: HeadersInit = viewer === undefined ? {} : { 'x-viewer': viewer };
    const url = `http://localhost/graphql?query=${encodeURIComponent(query)}`;
    const response = await yoga.fetch(url, { headers: { accept: 'application/json', ...headers } });
    const body: unknown = await response.json();
    return { body, control: response.headers.get('cache-control') };
  };
  const three = async (query: string, viewer?: string) => {
    for (let time = 0; time < 3; time += 1) await ask(query, viewer);
    return ask(query, viewer);
  };
  return { ask, three };
}

const WHOLE = { data: { film: { title: 'Stalker', salary: 42 } } };
const OF_GUEST = { data: { film: { title: 'Stalker' } } };
const OF_ANN = { data: { film: { title: 'Stalker' }, me: 'I am ann' } };

describe('where a plugin of Yoga changes the document for some viewers', () => {
  it('a guest gets nothing that was kept for another viewer', async () => {
    const { ask, three } = await yogaWorld({ memo: true });
    expect((await three(SALARY, 'ann')).body).toEqual(WHOLE);
    expect((await three(SALARY)).body).toEqual(OF_GUEST);
    expect((await ask(SALARY, 'ann')).body).toEqual(WHOLE);
  });

  it.each([
    ['with the memo', true],
    ['without it', false],
  ])('a viewer gets nothing that was said of what guests get, %s', async (_what, memo) => {
    const { three } = await yogaWorld({ memo, http: { maxAge: 'all' } });
    expect((await three(ME)).body).toEqual(OF_GUEST);
    expect(await three(ME, 'ann')).toEqual({ body: OF_ANN, control: 'no-store' });
  });

  it.each([
    ['with the memo', true],
    ['without it', false],
  ])(
    'nothing is said of a document that was changed after the plugin looked at it, %s',
    async (_what, memo) => {
      const { three } = await yogaWorld({ memo, http: { maxAge: 'all' } }, { isFirst: false });
      expect((await three(SALARY, 'ann')).body).toEqual(WHOLE);
      expect(await three(SALARY)).toEqual({ body: OF_GUEST, control: 'no-store' });
      expect((await three(ME)).body).toEqual(OF_GUEST);
      expect((await three(ME, 'ann')).body).toEqual(OF_ANN);
    },
  );
});

it.each([
  ['before', true],
  ['after', false],
])(
  'nothing is said where a plugin %s that of the cache gives a resolver of its own',
  async (_place, isFirst) => {
    const { three } = await yogaWorld({ memo: true, http: { maxAge: 'all' } }, { plugin: reads, isFirst });
    expect(await three(SALARY, 'ann')).toEqual({ body: WHOLE, control: 'no-store' });
    const hidden = { data: { film: { title: 'Stalker', salary: null } } };
    expect(await three(SALARY)).toEqual({ body: hidden, control: 'no-store' });
  },
);

describe('an operation', () => {
  const schema = buildSchema('type Query { a: Int }');
  const document = parse('query { ...F } fragment F on Query { __typename }');
  const changed = visit(document, {
    Field: (field) => ({ ...field, alias: { kind: Kind.NAME, value: 'other' } }),
  });
  const numberOf = (plans: OperationPlans, of: DocumentNode): number | undefined => {
    const given = operationIn(schema, of, undefined);
    return given && plans.of(given)?.number;
  };

  it('is another one in another document, as the fragments are another', () => {
    expect(changed.definitions[0]).toBe(document.definitions[0]);
    const plans = new OperationPlans({ storeIsLocal: true });
    const number = numberOf(plans, document);
    expect(number).toBeDefined();
    expect(numberOf(plans, changed)).not.toBe(number);
    expect(numberOf(plans, document)).toBe(number);
  });

  it('has no plan with a document that it is not a part of', () => {
    const plans = new OperationPlans({ storeIsLocal: true });
    const given = operationIn(schema, parse('{ __typename }'), undefined);
    expect(given && plans.of({ ...given, document })).toBeUndefined();
  });
});
