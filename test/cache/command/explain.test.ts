import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { corral } from '../../support/run-corral.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const schema = `
type Query {
  film(id: ID!): Film @cached(ttl: 60, pattern: READ_THROUGH, key: "Film:{args.id}", tags: ["Film"])
  charts(first: Int = 3): [Film!]! @cached(ttl: 300, swr: 60)
  mine: [Film!] @cached(ttl: 5, scope: PRIVATE)
  any: Work
  now: Int
}
interface Work { id: ID! label: String }
type Film implements Work { id: ID! label: String @cached(ttl: 9, vary: ["locale"]) }
type Play implements Work { id: ID! label: String }
type Mutation {
  rename(id: ID!): Film @cached(ttl: 60, pattern: HYBRID, key: "Other:{args.id}") @invalidates(tags: ["Film"])
}
`;

async function world(operations: string): Promise<(...flags: string[]) => ReturnType<typeof corral>> {
  const folder = await temporaryFolder({ 'schema.graphql': schema, 'asked.graphql': operations });
  const file = path.join(folder, 'asked.graphql');
  return (...flags) => corral(['explain', file, '--schema', path.join(folder, 'schema.graphql'), ...flags]);
}

describe('corral explain', () => {
  it('tells of each field its key, pattern, policy and tags', async () => {
    const explain = await world(
      'query ($id: ID!) { film(id: $id) { id label } charts { label } mine { id } now }',
    );
    const { code, out } = await explain();
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['path', 'field', 'pattern', 'ttl', 'scope', 'key', 'tags'],
      ['film', 'Query.film', 'READ_THROUGH', '60 s', 'PUBLIC', 'Film:{args.id}', 'Film'],
      ['film.label', 'Film.label', 'CACHE_ASIDE', '9 s', 'PUBLIC', '(default)|locale'],
      ['charts', 'Query.charts', 'CACHE_ASIDE', '300 s + 60 s stale', 'PUBLIC', 'Query.charts(first:3)'],
      ['charts.label', 'Film.label', 'CACHE_ASIDE', '9 s', 'PUBLIC', '(default)|locale'],
      ['mine', 'Query.mine', 'CACHE_ASIDE', '5 s', 'PRIVATE', '(default)'],
      ['now', 'Query.now', 'not cached'],
      ['2 other fields without a cache directive.'],
    ]);
  });

  it('shows the key that variables lead to, as JSON too', async () => {
    const explain = await world('query One($id: ID!) { first: film(id: $id) { id } } query Two { now }');
    const { out } = await explain('--operation', 'One', '--variables', '{"id":"4:2"}', '--json');
    const [first] = JSON.parse(out) as Record<string, unknown>[];
    expect(first).toMatchObject({
      path: 'first',
      coordinate: 'Query.film',
      entry: 'Film:4%3a2',
      cached: { ttl: 60, tags: ['Film'] },
    });
    expect(await explain()).toMatchObject({
      code: 2,
      err: expect.stringContaining('choose with --operation: One, Two'),
    });
    expect(await explain('--operation', 'One', '--variables', '{}')).toMatchObject({
      code: 1,
      err: expect.stringContaining('"$id"'),
    });
    expect(await explain('--operation', 'One', '--variables', 'id=1')).toMatchObject({ code: 2 });
  });

  it('follows fragments and interfaces, to all types that a field can be of', async () => {
    const explain = await world('{ any { ...Labels ... on Play { id } } } fragment Labels on Work { label }');
    const { out } = await explain('--json');
    const fields = JSON.parse(out) as { path: string; coordinate: string }[];
    expect(fields.map(({ path: at, coordinate }) => `${at} ${coordinate}`)).toEqual([
      'any Query.any',
      'any.label Film.label',
      'any.label Play.label',
      'any.id Play.id',
    ]);
  });

  it('tells what a mutation stores and ends', async () => {
    const explain = await world('mutation { rename(id: 1) { id } }');
    expect((await explain()).out).toMatch(
      /rename +Mutation\.rename +HYBRID +60 s +PUBLIC +Other:\{args\.id\} +ends Film/,
    );
  });

  it('says what is wrong with the operation', async () => {
    const explain = await world('{ film(id: 1) { title } }');
    expect(await explain()).toMatchObject({
      code: 1,
      err: expect.stringMatching(/asked\.graphql:1:17 Cannot query field "title" on type "Film"\./),
    });
  });
});

describe('corral fields', () => {
  it('lists what has a directive', async () => {
    const folder = await temporaryFolder({ 'schema.graphql': schema });
    const { out } = await corral(['fields', folder]);
    expect(out).toMatch(/^Query\.film +READ_THROUGH +60 s +PUBLIC +Film:\{args\.id\} +Film$/m);
    expect(out).toMatch(/5 fields\.$/);
    const fields = JSON.parse((await corral(['fields', folder, '--json'])).out) as { coordinate: string }[];
    expect(fields.map(({ coordinate }) => coordinate)).toEqual([
      'Query.film',
      'Query.charts',
      'Query.mine',
      'Film.label',
      'Mutation.rename',
    ]);
  });
});
