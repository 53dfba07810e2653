import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { corral } from '../../support/run-corral.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Eight faults in three files, one of each kind of check. */
const planted = {
  'films.graphql': `type Film { id: ID! title: String! }
type Query {
  zero: String @cached(ttl: 0)
  typo(id: ID!): Film @cached(ttl: 5, key: "Typo:{args.idd}")
  shared(id: ID!): Film @cached(ttl: 5, key: "Shared:{args.id}")
}
`,
  'people.graphqls': `type Person { name: String! }
extend type Query {
  sharer(id: ID!): Person @cached(ttl: 5, key: "Shared:{args.id}")
  behind(id: ID!): Film @cached(ttl: 5, pattern: WRITE_BEHIND)
  long: String @cached(ttl: 5, local: 6)
}
`,
  'more/writes.gql': `type Query { misspelt: String @cachd(ttl: 5) }
extend type Query { read: Int @invalidates(tags: ["Typo:1"]) }
extend type Mutation {
  write(id: ID!): Film
    @invalidates(tags: ["Typo:{args.id}"])
    @invalidates(tags: ["Film:{result.slug}"])
}
`,
};

const places = [
  ['films.graphql:3:16', '@cached on Query.zero: ttl must be'],
  [
    'films.graphql:4:23',
    '@cached on Query.typo: key "Typo:{args.idd}" has the unknown placeholder {args.idd}',
  ],
  ['people.graphqls:3:27', '@cached on Query.sharer: shares the key "Shared:{}" with Query.shared'],
  ['people.graphqls:4:25', '@cached on Query.behind: pattern WRITE_BEHIND stands on Mutation fields only'],
  ['people.graphqls:5:16', '@cached on Query.long: local must not be longer than ttl'],
  ['more/writes.gql:1:31', '@cachd on Query.misspelt: is not defined; did you mean @cached?'],
  ['more/writes.gql:2:31', '@invalidates on Query.read: stands on Mutation fields only'],
  [
    'more/writes.gql:6:5',
    '@invalidates on Mutation.write: tag "Film:{result.slug}" has the unknown placeholder',
  ],
] as const;

describe('corral check on a schema with eight planted faults', () => {
  it('lists all eight, each with its place, and ends with 1', async () => {
    const folder = await temporaryFolder(planted);
    const { code, out, err } = await corral(['check', folder]);
    const lines = out.split('\n');
    for (const [place, fault] of places) {
      expect(lines).toContainEqual(expect.stringContaining(`${path.join(folder, place)} ${fault}`));
    }
    expect([lines.length, err, code]).toEqual([8, '8 faults in 3 files.', 1]);
  });

  it('tells them as JSON, and nothing beside it', async () => {
    const folder = await temporaryFolder(planted);
    const { code, out, err } = await corral(['check', `${folder}/**/*.{graphql,graphqls,gql}`, '--json']);
    expect([code, err]).toEqual([1, '']);
    const { files, faults } = JSON.parse(out) as { files: number; faults: Record<string, unknown>[] };
    expect([files, faults.length]).toEqual([3, 8]);
    expect(faults).toContainEqual({
      file: path.join(folder, 'films.graphql'),
      line: 3,
      column: 16,
      message: '@cached on Query.zero: ttl must be a positive whole number of seconds, but got 0',
    });
  });

  it('annotates the lines in a workflow of GitHub', async () => {
    const folder = await temporaryFolder({ 'a,b.graphql': 'type Query { a: Int @cached(ttl: 0) }' });
    const { code, out } = await corral(['check', folder, '--format', 'github']);
    expect(code).toBe(1);
    expect(out).toBe(
      `::error file=${folder}/a%2Cb.graphql,line=1,col=21,title=corral check::` +
        '@cached on Query.a: ttl must be a positive whole number of seconds, but got 0',
    );
  });
});

describe('corral check', () => {
  it('finds none in the schema of the film API', async () => {
    expect(await corral(['check', 'schema'])).toEqual({
      code: 0,
      out: expect.stringMatching(/^No fault in \d\d fields with cache directives, in 8 files\.$/),
      err: '',
    });
  });

  it('says where SDL cannot be read, and what it does not have', async () => {
    const folder = await temporaryFolder({ 'a.graphql': 'type Query {\n  a Int }', 'b.graphql': 'type {' });
    const { code, out } = await corral(['check', folder]);
    expect([code, out.split('\n').length]).toEqual([1, 2]);
    expect(out).toContain('a.graphql:2:5 Syntax Error: Expected ":", found Name "Int".');
    const other = await temporaryFolder({ 'a.graphql': 'type Query { a: Lost }' });
    expect(await corral(['check', other])).toMatchObject({ code: 1, out: 'Unknown type: "Lost".' });
  });

  it('takes what createCache is told, and without it that it fits', async () => {
    const folder = await temporaryFolder({
      'a.graphql': `type Film { id: ID! }
        type Query { film(id: ID!): Film @cached(ttl: 5, pattern: READ_THROUGH, key: "Film:{args.id}", vary: ["locale"]) }
        type Mutation { log: Int @invalidates(tags: ["Session"]) }`,
    });
    const faults = async (...flags: string[]): Promise<string> =>
      (await corral(['check', folder, ...flags])).out;
    expect(await faults()).toMatch(
      /^\S+ @invalidates on Mutation\.log: tag "Session" .*pass fetches: \["Session"\]/,
    );
    expect(await faults('--fetches', 'Session,Other')).toMatch(/^No fault in 2 fields/);
    expect(await faults('--fetches', 'Session', '--origins', 'Movie')).toContain(
      'no origin is registered for "Film"',
    );
    expect(await faults('--fetches', 'Session', '--vary', 'tenant')).toContain('vary names "locale"');
  });

  it('takes a subgraph, whose federation directives it does not know', async () => {
    const folder = await temporaryFolder({
      'a.graphql': `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])
        type Film @key(fields: "id") @cached(ttl: 5, key: "Film:{parent.id}") { id: ID! title: String @shareable }
        extend type Query { film: Film }`,
    });
    expect(await corral(['check', folder])).toMatchObject({
      code: 0,
      out: expect.stringContaining('1 field '),
    });
  });

  it('ends with 2 where the command is wrong, and with 1 where there is nothing to check', async () => {
    expect(await corral(['chek', 'schema'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('Did you mean check?'),
    });
    expect(await corral(['check'])).toMatchObject({
      code: 2,
      err: expect.stringContaining("missing required argument 'schema'"),
    });
    expect(await corral(['check', 'schema', '--format', 'xml'])).toMatchObject({ code: 2 });
    expect(await corral(['check', 'nowhere/*.graphql'])).toMatchObject({
      code: 1,
      err: 'There is no file nowhere/*.graphql; name files, folders or globs of SDL, such as schema/*.graphql.',
    });
    expect(await corral([])).toMatchObject({ code: 2, err: expect.stringContaining('Usage: corral') });
  });
});
