import { type FieldDefinitionNode, Kind, parse, type TypeNode } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheAdminTypeDefs } from '../../src/cache/admin/index.js';
import { exampleOperations } from '../../src/http/example-operations.js';
import { type TestApi, testApi } from '../support/worlds/test-api.js';

const nameOf = (operation: string): string => /(?:query|mutation) (\w+)/.exec(operation)?.[1] ?? '';

/** One operation for each query and mutation of the admin part of the schema, by the name of its field. */
const ADMIN_OPERATIONS = parse(cacheAdminTypeDefs).definitions.flatMap((definition) => {
  if (definition.kind !== Kind.OBJECT_TYPE_EXTENSION) return [];
  const operation = definition.name.value.toLowerCase();
  return (definition.fields ?? []).map(
    (field) => [field.name.value, `${operation} { ${callOf(field)} }`] as const,
  );
});

function callOf({ name, arguments: declared = [] }: FieldDefinitionNode): string {
  const required = declared.filter(({ type }) => type.kind === Kind.NON_NULL_TYPE);
  const given = required.map((argument) => `${argument.name.value}: ${sampleOf(argument.type)}`);
  return `${name.value}${given.length === 0 ? '' : `(${given.join(', ')})`} { __typename }`;
}

function sampleOf(type: TypeNode): string {
  if (type.kind === Kind.NON_NULL_TYPE) return sampleOf(type.type);
  return type.kind === Kind.LIST_TYPE ? `[${sampleOf(type.type)}]` : '"a"';
}

describe('what admins ask of the cache', () => {
  let api: TestApi;
  let token: string;
  beforeAll(async () => {
    // What is kept warm is loaded when it is asked for.
    api = await testApi({ settings: { CACHE_PREFETCH: 'on' } });
    token = await api.signIn('admin@example.com');
  });
  afterAll(() => api.close());

  const ask = async (operation: string, variables = {}): Promise<unknown> => {
    // The fixture has its own films and accounts.
    const fitted = operation
      .replaceAll('1267', '1')
      .replace('admin@corral.example', 'admin@example.com')
      .replace('corral-demo', 'a password of the fixture');
    const { data, errors } = await api.ask(fitted, { token, variables });
    expect(errors).toEqual([]);
    return data;
  };
  const refusal = async (operation: string, as: string | undefined = token): Promise<string> => {
    const { errors } = await api.ask(operation, as === '' ? {} : { token: as });
    return `${String(errors[0]?.extensions['code'])}: ${errors[0]?.message}`;
  };

  it('runs every example operation from its file', async () => {
    const answers = new Map<string, unknown>();
    for (const operation of exampleOperations()) {
      if (nameOf(operation) === 'SignIn') continue;
      answers.set(nameOf(operation), await ask(operation));
    }
    expect([...answers.keys()]).toEqual([
      ...['FilmsLikeThis', 'CacheReport', 'ExplainAnOperation', 'OneEntry', 'Purge', 'Warm', 'DeadLetters'],
    ]);
    expect(answers.get('CacheReport')).toMatchObject({
      cacheReport: {
        processes: 1,
        warnings: [],
        store: { name: 'memory' },
        journal: { pending: 0, deadLetters: 0 },
      },
    });
    expect(answers.get('ExplainAnOperation')).toEqual({
      explainOperation: {
        storeRoundTrips: 0,
        fields: [
          expect.objectContaining({
            ...{
              path: 'movie',
              coordinate: 'Query.movie',
              pattern: 'READ_THROUGH',
              key: 'Movie:1',
              reason: null,
            },
          }),
          expect.objectContaining({ path: 'movie.director', coordinate: 'Movie.director' }),
          expect.objectContaining({ path: 'movie.ratingSummary', key: 'RatingSummary:{parent.id}' }),
        ],
      },
    });
    expect(answers.get('OneEntry')).toMatchObject({ cacheEntry: { state: 'fresh' } });
    expect(answers.get('Purge')).toEqual({
      purgeCache: { isDone: true, message: 'All entries that depend on Movie:1 were ended.' },
    });
  });

  it('counts what was asked', async () => {
    const count = async (): Promise<number> => {
      const { total } = await api.cache.stats.report();
      return total.requests;
    };
    const before = await count();
    for (let read = 0; read < 10; read += 1) await api.ask('{ person(id: 1) { name } }');
    expect((await count()) - before).toBe(10);
  });

  it('ends what it is told to end, and asks twice before it ends everything', async () => {
    const state = '{ cacheEntry(key: "Movie:2") { state } }';
    const fill = '{ movie(id: 2) { title } }';
    await ask(fill);
    expect(await ask(state)).toEqual({ cacheEntry: { state: 'fresh' } });
    const all =
      'mutation ($confirm: String) { purgeCache(tags: ["*"], confirm: $confirm) { isDone message } }';
    const asked = expect.stringContaining('ask once more with confirm: "everything"') as string;
    expect(await ask(all)).toEqual({ purgeCache: { isDone: false, message: asked } });
    expect(await ask(all, { confirm: 'yes' })).toMatchObject({ purgeCache: { isDone: false } });
    expect(await ask(state)).toEqual({ cacheEntry: { state: 'fresh' } });
    expect(await ask(all, { confirm: 'everything' })).toMatchObject({ purgeCache: { isDone: true } });
    expect(await refusal(state)).toBe(
      'BAD_USER_INPUT: There is no entry under the key Movie:2; the evidence of an answer names its keys.',
    );
  });

  it.each([
    [
      'mutation { purgeCache(tags: ["Moive:1"]) { isDone } }',
      /^BAD_USER_INPUT: No entry depends on the tag Moive:1.*did you mean "Movie"/,
    ],
    ['mutation { purgeCache(tags: []) { isDone } }', /^BAD_USER_INPUT: Name at least one tag/],
    [
      'mutation { warmCache(coordinate: "Query.movie") { message } }',
      /^BAD_USER_INPUT: .*nothing is kept warm at Query.movie/,
    ],
    [
      'mutation { warmCache(coordinate: "Query.topChart") { message } }',
      /^BAD_USER_INPUT: .*nothing is kept warm at Query.topChart \(did you mean "Query.topCharts"\?\)/,
    ],
    [
      '{ cacheEntry(key: "Movie:none") { state } }',
      /^BAD_USER_INPUT: There is no entry under the key Movie:none; the evidence of an answer names its keys/,
    ],
    [
      '{ cacheReport(since: 0) { processes } }',
      /^BAD_USER_INPUT: .*minutes must be a whole number from 1 to 60, but got 0/,
    ],
    [
      '{ explainOperation(document: "{ nothing }") { storeRoundTrips } }',
      /^BAD_USER_INPUT: Cannot query field "nothing"/,
    ],
    ['{ explainOperation(document: "{") { storeRoundTrips } }', /^BAD_USER_INPUT: Syntax Error/],
    [
      '{ explainOperation(document: "{ me { email } }", variables: "[]") { storeRoundTrips } }',
      /^BAD_USER_INPUT: variables must be a JSON object/,
    ],
  ])('answers %s with a sentence', async (operation, sentence) => {
    expect(await refusal(operation)).toMatch(sentence);
  });

  it('says of each dead letter what became of it', async () => {
    for (const [mutation, name] of [
      ['mutation { replayDeadLetters(ids: ["Playback:1"]) { id isDone message } }', 'replay'],
      ['mutation { discardDeadLetters(ids: ["Playback:1"]) { id isDone message } }', 'discard'],
    ] as const) {
      const message = `cache.writes.${name}: there is no dead letter with this key; cache.writes.deadLetters() lists them`;
      expect(await ask(mutation)).toEqual({
        [`${name}DeadLetters`]: [{ id: 'Playback:1', isDone: false, message }],
      });
    }
  });

  it('purges a tag of a known namespace that no entry depends on, and says so as of any other', async () => {
    expect(await ask('mutation { purgeCache(tags: ["Movie:none"]) { isDone message } }')).toEqual({
      purgeCache: { isDone: true, message: 'All entries that depend on Movie:none were ended.' },
    });
  });

  it('finds every query and mutation of the admin part', () => {
    expect(ADMIN_OPERATIONS.map(([field]) => field)).toEqual(
      expect.arrayContaining([
        'cacheReport',
        'purgeCache',
        'warmCache',
        'replayDeadLetters',
        'discardDeadLetters',
      ]),
    );
  });

  it.each(ADMIN_OPERATIONS)('lets only admins ask for %s', async (_field, operation) => {
    const editor = await api.signIn('editor@example.com');
    for (const as of [editor, '']) {
      expect(await refusal(operation, as)).toBe(
        'FORBIDDEN: Only those who look after the cache may do this.',
      );
    }
    expect(await refusal(operation)).not.toMatch(/^FORBIDDEN/);
  });
});
