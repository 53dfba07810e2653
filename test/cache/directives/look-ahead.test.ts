import { execute, parse, visit } from 'graphql';
import { describe, expect, it } from 'vitest';
import { farStore } from '../../support/stores/far-store.js';
import { testCache } from '../../support/test-cache.js';

const typeDefs = `
  type Query {
    rows(ids: [ID]!): [Row] @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.ids}")
    all: [Row!] @cached(ttl: 60)
  }
  interface Named { name: String }
  type Row implements Named {
    id: ID!
    name: String
    owner: Owner @cached(ttl: 60, pattern: READ_THROUGH, key: "Owner:{parent.ownerId}")
    part(first: Int! = 1): String @cached(ttl: 60, key: "Part:{parent.id}:{args.first}")
    secret: String @cached(ttl: 60, scope: PRIVATE)
    kept: String @cached(ttl: 60, local: 30, key: "Kept:{parent.id}")
  }
  type Owner { id: ID! name: String, rows: [Row!] @cached(ttl: 60) }
`;

const ROWS = new Map(
  ['1', '2', '3'].map((id) => [id, { id, name: `Row ${id}`, ownerId: id === '3' ? '7' : '6' }]),
);

const idOf = (row: unknown): string =>
  typeof row === 'object' && row !== null && 'id' in row ? String(row.id) : '';

function listCache() {
  const { store, reads } = farStore();
  const loads: string[] = [];
  const tested = testCache({
    store,
    typeDefs,
    resolvers: {
      Query: { all: () => [...ROWS.values()] },
      Row: {
        part: (row, { first }: { first?: number }) => `${idOf(row)}/${first}`,
        secret: (row, _args, context) => `${context.viewer?.id} ${idOf(row)}`,
        kept: (row) => `kept ${idOf(row)}`,
      },
      Owner: { rows: () => [...ROWS.values()] },
    },
    origins: {
      Row: { load: (ids) => Promise.resolve(ids.map((id) => ROWS.get(id) ?? null)) },
      Owner: {
        load: (ids) => {
          loads.push(ids.join(' '));
          return Promise.resolve(ids.map((id) => ({ id, name: `Owner ${id}` })));
        },
      },
    },
  });
  const warm = async (query: string, context = {}) => {
    await tested.query(query, context);
    reads.length = 0;
    loads.length = 0;
    return tested.query(query, context);
  };
  return { ...tested, warm, reads, loads };
}

const LIST = '{ rows(ids: ["1", "2", "3"]) { name owner { name } } }';

describe('the children of a list', () => {
  it('are read with one store read, and answer as the origin did', async () => {
    const { query, warm, reads } = listCache();
    const cold = await query(LIST);
    const again = await warm(LIST);
    expect(again.data).toEqual(cold.data);
    expect(again.evidence.summary).toMatchObject({ hits: 6, loads: 0, storeRoundTrips: 2 });
    expect(reads).toEqual([
      ['Row:1', 'Row:2', 'Row:3'],
      ['Owner:6', 'Owner:6', 'Owner:7'],
    ]);
  });

  it('that are missing are loaded with one load, without another read', async () => {
    const { query, cache, reads, loads } = listCache();
    await query(LIST);
    await cache.invalidate(['Owner:6', 'Owner:7']);
    reads.length = 0;
    loads.length = 0;
    const { evidence } = await query(LIST);
    expect(reads).toHaveLength(2);
    expect(loads).toEqual(['6 7']);
    expect(evidence.summary).toMatchObject({ loads: 1 });
  });

  it('are foreseen through fragments, aliases, arguments and variables, all in one read', async () => {
    const { warm, reads } = listCache();
    const { data, evidence } = await warm(`
      query ($one: Int! = 5) {
        rows(ids: ["1", null, "9"]) { ...Parts ... on Named { name } ... on Row { owner { id } } }
      }
      fragment Parts on Row { few: part(first: $one) many: part(first: 9) part }
    `);
    expect(data).toEqual({
      rows: [{ few: '1/5', many: '1/9', part: '1/1', name: 'Row 1', owner: { id: '6' } }, null, null],
    });
    expect(evidence.summary).toMatchObject({ misses: 0, loads: 0, storeRoundTrips: 2 });
    expect(reads[1]?.sort()).toEqual(['Owner:6', 'Part:1:1', 'Part:1:5', 'Part:1:9']);
  });

  it('that directives leave out are not read, each time as the variables say', async () => {
    const { query, reads } = listCache();
    const asked = async (owner: boolean): Promise<string[]> => {
      reads.length = 0;
      await query(`query ($owner: Boolean! = ${owner}) {
        rows(ids: ["1"]) { name owner @include(if: $owner) { id } part @skip(if: $owner) }
      }`);
      return reads[1] ?? [];
    };
    await asked(true);
    await asked(false);
    expect(await asked(true)).toEqual(['Owner:6']);
    expect(await asked(false)).toEqual(['Part:1:1']);
  });

  it('of one document are left out or not as each execution says', async () => {
    const { query } = listCache();
    const source = (owner: boolean) => `{ rows(ids: ["1"]) { id owner @include(if: ${owner}) { id } } }`;
    expect((await query(source(true))).data).toEqual({ rows: [{ id: '1', owner: { id: '6' } }] });
    expect((await query(source(false))).data).toEqual({ rows: [{ id: '1' }] });
  });

  it('are foreseen by the fragments of the document that is executed, where a plugin changes them', async () => {
    const { schema, reads } = listCache();
    const document = parse(`
      query ($first: Int!) { rows(ids: ["1", "2"]) { ...Parts } }
      fragment Parts on Row { name part(first: $first) }
    `);
    // The node of the list stays the same.
    const changed = visit(document, {
      Field: ({ name }) => (name.value === 'part' ? null : undefined),
      VariableDefinition: () => null,
    });
    const variableValues = { first: 2 };
    for (let time = 0; time < 3; time += 1) {
      const whole = await execute({ schema, document, contextValue: {}, variableValues });
      expect(whole.data?.['rows']).toMatchObject([{ part: '1/2' }, { part: '2/2' }]);
      reads.length = 0;
      const { data, errors } = await execute({ schema, document: changed, contextValue: {} });
      expect([errors, data]).toEqual([undefined, { rows: [{ name: 'Row 1' }, { name: 'Row 2' }] }]);
      expect(reads).toEqual([['Row:1', 'Row:2']]);
    }
  });

  it('tell by themselves what is wrong with their arguments', async () => {
    const { query } = listCache();
    const source = 'query ($first: Int) { rows(ids: ["1"]) { name part(first: $first) } }';
    for (let time = 0; time < 2; time += 1) {
      const { result, data } = await query(source, {}, { first: null });
      expect(data).toEqual({ rows: [{ name: 'Row 1', part: null }] });
      expect(result.errors?.map(({ path }) => path)).toEqual([['rows', 0, 'part']]);
    }
  });

  it('of a viewer stay his own', async () => {
    const { warm, query } = listCache();
    const source = '{ all { secret } }';
    expect((await warm(source, { viewer: { id: 'ann' } })).data).toMatchObject({
      all: [{ secret: 'ann 1' }, {}, {}],
    });
    expect((await query(source, { viewer: { id: 'bob' } })).data).toMatchObject({
      all: [{ secret: 'bob 1' }, {}, {}],
    });
    expect((await query(source)).data).toMatchObject({ all: [{ secret: 'undefined 1' }, {}, {}] });
  });

  it('with local copies are not read at all', async () => {
    const { query, warm, reads } = listCache();
    await query('{ all { kept } }');
    const { evidence } = await warm('{ all { kept } }');
    expect(evidence.summary).toMatchObject({ hits: 4, storeRoundTrips: 1 });
    expect(reads).toEqual([['Query.all()']]);
  });

  it('of lists within lists are read with one read a level', async () => {
    const { warm, reads } = listCache();
    const { evidence } = await warm('{ all { owner { rows { owner { name } } } } }');
    expect(evidence.summary).toMatchObject({ misses: 0, loads: 0 });
    expect(reads).toHaveLength(4);
  });
});
