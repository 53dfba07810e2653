import { GraphQLScalarType } from 'graphql';
import { describe, expect, it } from 'vitest';
import { meetingTag } from '../../../src/cache/keys/meeting-tag.js';
import { testCache } from '../../support/test-cache.js';

const json = new GraphQLScalarType({ name: 'JSON', parseValue: (value) => value });

const typeDefs = /* GraphQL */ `
  scalar JSON
  enum Level {
    LOW
    HIGH
  }
  type Query {
    kind(of: JSON): String @cached(ttl: 60, key: "Kind:{args.of}")
    level(of: Level): String @cached(ttl: 60, key: "Level:{args.of}")
  }
  type Mutation {
    touch(of: ID!): Boolean @invalidates(tags: ["Kind:{args.of}"])
    touchJson(of: JSON): Boolean @invalidates(tags: ["Kind:{args.of}"])
  }
`;

/** `1` and `"1"`, `true` and `"true"` and their likes, each beside what it must be told apart from. */
const PAIRS: [unknown, unknown][] = [
  [1, '1'],
  [true, 'true'],
  [false, 'false'],
  [null, 'null'],
  [1e21, '1e+21'],
  [1e21, '1e21'],
  [-0.5, '-0.5'],
  [[1], ['1']],
  [[1], '[1]'],
  [{ a: 1 }, { a: '1' }],
  ['~1', 1],
  ['~absent', null],
];

const describeValue = (of: unknown): string => `${typeof of} ${JSON.stringify(of)}`;

const describeParent = (name: string) => (parent: unknown) =>
  describeValue(new Map(Object.entries(Object(parent))).get(name));

function kinds() {
  return testCache({
    typeDefs,
    resolvers: {
      JSON: json as never,
      Level: { LOW: 1, HIGH: '1' } as never,
      Query: {
        kind: (_, { of }: { of: unknown }) => describeValue(of),
        level: (_, { of }: { of: unknown }) => describeValue(of),
      },
      Mutation: { touch: () => true, touchJson: () => true },
    },
  });
}

describe('a key with an argument of a scalar that takes values of several types', () => {
  it.each(PAIRS)('tells %j from %j', async (one, other) => {
    const { query } = kinds();
    const read = async (of: unknown) => {
      const { data, outcomes } = await query(`{ kind(of: ${literal(of)}) }`);
      return { data, outcomes };
    };
    for (const outcome of ['MISS', 'HIT']) {
      for (const of of [one, other]) {
        const text = `${typeof of} ${JSON.stringify(of)}`;
        expect(await read(of)).toEqual({ data: { kind: text }, outcomes: [`Query.kind ${outcome}`] });
      }
    }
  });

  it.each(['touch', 'touchJson'])('meets the tag that %s names, however it is written', async (mutation) => {
    for (const of of [1, '1', '01', 1.0]) {
      const { query } = kinds();
      await query(`{ kind(of: ${literal(of)}) }`);
      await query(`mutation { ${mutation}(of: 1) }`);
      expect((await query(`{ kind(of: ${literal(of)}) }`)).outcomes).toEqual(['Query.kind MISS']);
    }
  });

  it('tells internal values of an enum apart', async () => {
    const { query } = kinds();
    expect((await query('{ level(of: LOW) }')).data).toEqual({ level: 'number 1' });
    expect((await query('{ level(of: HIGH) }')).data).toEqual({ level: 'string "1"' });
    expect((await query('{ level(of: LOW) }')).data).toEqual({ level: 'number 1' });
  });
});

describe('a key with a field of the parent that takes values of several types', () => {
  const boxes = () =>
    testCache({
      typeDefs: /* GraphQL */ `
        scalar JSON
        type Box {
          of: JSON
          named: String @cached(ttl: 60, key: "Box:{parent.of}")
          tagged: String @cached(ttl: 60, key: "Tagged:{parent.of}", tags: ["Any:{parent.of}"])
        }
        type Crate {
          id: JSON
          kind: String @cached(ttl: 60)
        }
        type Query {
          box(of: JSON): Box
          crate(of: JSON): Crate
        }
        type Mutation {
          touch(of: ID!): Boolean @invalidates(tags: ["Box:{args.of}", "Any:{args.of}"])
        }
      `,
      resolvers: {
        JSON: json as never,
        Box: { named: describeParent('of'), tagged: describeParent('of') },
        Crate: { kind: describeParent('id') },
        Query: {
          box: (_, { of }: { of: unknown }) => ({ of }),
          crate: (_, { of }: { of: unknown }) => ({ id: of }),
        },
        Mutation: { touch: () => true },
      },
    });
  const withValues = PAIRS.filter((pair) => !pair.includes(null));

  it.each(withValues)('tells %j from %j, in a template and in a default key', async (one, other) => {
    const { query } = boxes();
    for (const outcome of ['MISS', 'HIT']) {
      for (const of of [one, other]) {
        const text = describeValue(of);
        const inBox = await query(`{ box(of: ${literal(of)}) { it: named } }`);
        expect(inBox).toMatchObject({ data: { box: { it: text } }, outcomes: [`Box.named ${outcome}`] });
        const inCrate = await query(`{ crate(of: ${literal(of)}) { it: kind } }`);
        expect(inCrate).toMatchObject({ data: { crate: { it: text } }, outcomes: [`Crate.kind ${outcome}`] });
      }
    }
  });

  it.each([1, '1', '01'])('meets the tag of its row, however it is written: %j', async (of) => {
    const { query } = boxes();
    const source = `{ box(of: ${literal(of)}) { named tagged } }`;
    await query(source);
    await query('mutation { touch(of: 1) }');
    expect((await query(source)).outcomes).toEqual(['Box.named MISS', 'Box.tagged MISS']);
  });

  it('is by the text for READ_THROUGH, as its origin is', async () => {
    const { query } = testCache({
      typeDefs: /* GraphQL */ `
        scalar JSON
        type Box {
          of: JSON
          row: String @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{parent.of}")
        }
        type Query {
          box(of: JSON): Box
        }
      `,
      resolvers: { JSON: json as never, Query: { box: (_, { of }: { of: unknown }) => ({ of }) } },
      origins: { Row: { load: (ids) => Promise.resolve(ids) } },
    });
    await query('{ box(of: 1) { row } }');
    expect((await query('{ box(of: "1") { row } }')).outcomes).toEqual(['Box.row HIT']);
  });
});

describe('a key with a number', () => {
  it.each(['Float', 'Int'])('tells -0 from 0 of a %s, by default and in a template', async (type) => {
    const sign = (_: unknown, { of }: { of: number }) => String(1 / of);
    const { query } = testCache({
      typeDefs: /* GraphQL */ `
        type Query {
          plain(of: ${type}): String @cached(ttl: 60)
          templated(of: ${type}): String @cached(ttl: 60, key: "Sign:{args.of}")
        }
        type Mutation {
          touch(of: ${type}): Boolean @invalidates(tags: ["Sign:{args.of}"])
        }
      `,
      resolvers: { Query: { plain: sign, templated: sign }, Mutation: { touch: () => true } },
    });
    const read = (of: string) => query(`{ plain(of: ${of}) templated(of: ${of}) }`);
    for (let times = 0; times < 2; times += 1) {
      expect((await read('0')).data).toEqual({ plain: 'Infinity', templated: 'Infinity' });
      expect((await read('-0')).data).toEqual({ plain: '-Infinity', templated: '-Infinity' });
    }
    // For a row they are one id.
    await query('mutation { touch(of: 0) }');
    expect((await read('-0')).outcomes).toEqual(['Query.plain HIT', 'Query.templated MISS']);
  });
});

function literal(value: unknown): string {
  return JSON.stringify(value).replace(/"([a-z]+)":/g, '$1:');
}

describe('an id of a database that has several spellings', () => {
  const uuid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
  const spellings: [string, string][] = [
    [uuid, uuid.toUpperCase()],
    [uuid, uuid.replaceAll('-', '')],
    [uuid, `{${uuid.toUpperCase()}}`],
    ['7', '007'],
    ['7', '+7'],
    ['7', ' 7'],
    ['7', '7 '],
    ['7', '\t7\n'],
    ['7', '\u00a07'],
    ['7', '7\u00a0'],
    ['70', '7_0'],
    ['-7', '-0x7'],
    ['7', '7.0'],
    ['7', '0x7'],
    ['7', '7e0'],
    ['-7', '-07'],
    ['12345678901234567890', '012345678901234567890'],
  ];
  const rowCache = () => {
    let version = 0;
    const tested = testCache({
      typeDefs: /* GraphQL */ `
        type Row {
          id: ID!
          version: Int
        }
        type Query {
          row(id: ID!): Row @cached(ttl: 60, pattern: READ_THROUGH, key: "Row:{args.id}")
          tagged(id: ID!): Int @cached(ttl: 60, tags: ["Row:{args.id}"])
        }
        type Mutation {
          change(id: ID!): Boolean @invalidates(tags: ["Row:{args.id}"])
        }
      `,
      resolvers: { Query: { tagged: () => version }, Mutation: { change: () => true } },
      origins: { Row: { load: (ids) => Promise.resolve(ids.map((id) => ({ id, version }))) } },
    });
    return { ...tested, write: () => (version += 1) };
  };

  it.each(spellings)('meets the tag of its row: %s as %s', async (row, spelt) => {
    const { query, cache, write } = rowCache();
    const source = `{ row(id: ${JSON.stringify(spelt)}) { version } tagged(id: ${JSON.stringify(spelt)}) }`;
    await query(source);
    expect((await query(source)).outcomes).toEqual(['Query.row HIT', 'Query.tagged HIT']);
    write();
    await cache.invalidate([`Row:${row}`]);
    expect((await query(source)).data).toEqual({ row: { version: 1 }, tagged: 1 });
  });

  it.each(spellings)('is invalidated however a mutation spells it: %s by %s', async (row, spelt) => {
    const { query, write } = rowCache();
    const source = `{ row(id: ${JSON.stringify(row)}) { version } tagged(id: ${JSON.stringify(row)}) }`;
    await query(source);
    write();
    await query(`mutation { change(id: ${JSON.stringify(spelt)}) }`);
    expect((await query(source)).data).toEqual({ row: { version: 1 }, tagged: 1 });
  });
});

describe('the tag under which spellings meet', () => {
  it.each([
    'Movie:42',
    'User:cl9ebqhxk00003b600tymydho',
    `Row:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11`,
    'Top:all',
    'A/b:c',
  ])('is the text itself where it has no other spelling: %s', (text) => {
    expect(meetingTag(text)).toBe(text);
  });

  it('is found once: it is its own meeting tag', () => {
    for (const text of [
      'X:~1',
      'X:007',
      'X:~1e+21',
      'X:~true',
      'X:A0EEBC999C0B4EF8BB6D6BB9BD380A11',
      'X:1e3:0x10/~5n',
      'X:~%22007%22',
      'X:~%22%5c%22',
    ]) {
      expect(meetingTag(meetingTag(text))).toBe(meetingTag(text));
    }
  });
});
