import {
  buildSchema,
  execute,
  GraphQLList,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  parse,
  type ExecutionArgs,
} from 'graphql';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compiledExecution, type CompiledExecution } from '../../../src/cache/execution/index.js';

/** Both answers, as texts. */
async function answers(
  compiled: CompiledExecution,
  args: ExecutionArgs,
): Promise<{ readonly given: string; readonly expected: string }> {
  return {
    given: JSON.stringify(await compiled.execute(args)),
    expected: JSON.stringify(await execute(args)),
  };
}

async function expectTheSame(compiled: CompiledExecution, args: ExecutionArgs, times = 4): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const { given, expected } = await answers(compiled, args);
    expect(given).toBe(expected);
  }
}

const films = buildSchema(`
  type Film { id: ID title: String next: Film }
  type Query { film: Film }
`);
const film = { id: '1', title: 'Ran', next: { id: '2', title: 'Kagemusha' } };

function ofFilms(source: string): ExecutionArgs {
  return { schema: films, document: parse(source), rootValue: { film } };
}

describe('plans that leave', () => {
  it('take no fragment away from the execution that they are made for', async () => {
    const compiled = compiledExecution({ maxBytes: 5000 });
    await expectTheSame(
      compiled,
      ofFilms(`{ ...F film { ...G } } # ${'-'.repeat(1000)}
        fragment F on Query { film { id } } fragment G on Film { title }`),
    );
    expect(compiled.stats()).toMatchObject({ operations: 0, bytes: 0 });
  });

  it('take no fragment away from what resolvers are told, with variants that do not fit together', async () => {
    const query = new GraphQLObjectType({
      name: 'Query',
      fields: {
        names: {
          type: GraphQLString,
          resolve: (_source, _args, _context, { fragments }) => Object.keys(fragments).join(' '),
        },
      },
    });
    const schema = new GraphQLSchema({ query });
    const conditions = [...'abcdef'];
    const fields = Array.from({ length: 400 }, (_, at) => `n${at}: names`).join(' ');
    const document = parse(`
      query (${conditions.map((name) => `$${name}: Boolean!`).join(' ')}) {
        ${conditions.map((name) => `${name}: names @include(if: $${name})`).join(' ')} ...F }
      fragment F on Query { ${fields} }`);
    const compiled = compiledExecution();
    for (let bits = 0; bits < 65; bits += 1) {
      const variableValues = Object.fromEntries(
        conditions.map((name, at) => [name, (bits & (1 << at)) !== 0] as const),
      );
      const { data } = await compiled.execute({ schema, document, variableValues });
      expect(data?.['n7']).toBe('F');
    }
    expect(compiled.stats().compiled).toBeGreaterThan(20);
  });

  it('are not driven out by an operation that has more fields than may be kept, which is left alone from then on', async () => {
    const types = Array.from({ length: 20 }, (_, at) => `type T${at} implements Thing { id: ID }`);
    const schema = buildSchema(`
      interface Thing { id: ID }
      ${types.join(' ')}
      type Query { things: [Thing] other: ID }
    `);
    const things = Array.from({ length: 600 }, (_, at) => ({ __typename: `T${at % 20}`, id: at }));
    const rootValue = { things, other: '1' };
    const aliases = Array.from({ length: 150 }, (_, at) => `a${at}: id`).join(' ');
    const compiled = compiledExecution({ maxBytes: 4_000_000 });
    const small = { schema, rootValue, document: parse('{ other }') };
    await expectTheSame(compiled, small);
    const before = compiled.stats();
    const large = { schema, rootValue, document: parse(`{ things { ${aliases} } }`) };
    await expectTheSame(compiled, large, 3);
    expect(compiled.stats()).toMatchObject({ operations: 1, bytes: before.bytes });
    expect(compiled.stats().compiled).toBe(before.compiled + 1);
    await expectTheSame(compiled, small, 1);
    expect(compiled.stats().compiled).toBe(before.compiled + 2);
  });

  it('are not driven out by an operation that would not fit alone', async () => {
    const compiled = compiledExecution({ maxBytes: 20_000 });
    const small = ofFilms('{ film { id } }');
    await expectTheSame(compiled, small);
    const before = compiled.stats();
    const fields = Array.from({ length: 30 }, (_, at) => `a${at}: id`).join(' ');
    await expectTheSame(compiled, ofFilms(`{ film { next { ${fields} } } }`));
    expect(compiled.stats()).toMatchObject({ operations: 1, bytes: before.bytes });
    expect(compiled.stats().compiled).toBe(before.compiled + 1);
    await expectTheSame(compiled, ofFilms(`{ film { id } } # ${'-'.repeat(3000)}`));
    expect(compiled.stats()).toMatchObject({ operations: 1, bytes: before.bytes });
  });

  it('give back what they took where a server has replaced a resolver', async () => {
    const schema = buildSchema('type Query { title: String }');
    const args = { schema, document: parse('{ title }'), rootValue: { title: 'Ran' } };
    const compiled = compiledExecution();
    await expectTheSame(compiled, args);
    const { bytes } = compiled.stats();
    const field = schema.getQueryType()?.getFields()['title'];
    for (let time = 0; time < 3; time += 1) {
      if (field !== undefined) field.resolve = () => `replaced ${time}`;
      await expectTheSame(compiled, args);
      expect(compiled.stats().bytes).toBe(bytes);
    }
  });
});

describe('what is held by nothing but its plans', () => {
  /** Resolves once what was not in use is gone. */
  async function collected(isGone: () => boolean): Promise<boolean> {
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    for (let time = 0; time < 50 && !isGone(); time += 1) {
      // What was looked at stays until the job ends.
      await new Promise((resolve) => setImmediate(resolve));
      if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
    }
    return isGone();
  }

  function listSchema(): GraphQLSchema {
    const query = new GraphQLObjectType({
      name: 'Query',
      fields: { titles: { type: new GraphQLList(GraphQLString), resolve: () => ['Ran'] } },
    });
    return new GraphQLSchema({ query });
  }

  it('goes with the last user of a schema', async () => {
    const compiled = compiledExecution();
    const document = parse('{ titles }');
    const schemas = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const schema = listSchema();
        await expectTheSame(compiled, { schema, document });
        return new WeakRef(schema);
      }),
    );
    expect(compiled.stats().operations).toBe(10);
    expect(await collected(() => schemas.every((schema) => schema.deref() === undefined))).toBe(true);
    expect(await collected(() => compiled.stats().operations === 0)).toBe(true);
    expect(compiled.stats().bytes).toBe(0);
  });

  it('goes with the last user of a document', async () => {
    const compiled = compiledExecution();
    const schema = listSchema();
    for (let at = 0; at < 10; at += 1)
      await expectTheSame(compiled, { schema, document: parse(`{ a${at}: titles }`) });
    expect(compiled.stats().operations).toBe(10);
    expect(await collected(() => compiled.stats().bytes === 0)).toBe(true);
    await expectTheSame(compiled, { schema, document: parse('{ titles }') });
    expect(compiled.stats().operations).toBe(1);
  });
});
