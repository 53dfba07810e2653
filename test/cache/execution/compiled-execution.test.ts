import {
  buildSchema,
  execute,
  extendSchema,
  GraphQLError,
  isObjectType,
  parse,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { compiledExecution, type CompiledExecution } from '../../../src/cache/execution/index.js';

function filmSchema(): GraphQLSchema {
  return buildSchema(`
    directive @other on FIELD
    input Filter { and: [Filter!] min: Int = 4 }
    type Film { id: ID! title: String next: Film then: Int }
    type Query { film(id: ID, filter: Filter): Film title: String }
    type Mutation { film: Film }
  `);
}

const film = { id: '1', title: 'Ran', next: { id: '2', title: 'Kagemusha', next: { id: '3' } }, then: 1 };

/** What is in use once the rest was collected. */
function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function')
    for (let time = 0; time < 3; time += 1) Reflect.apply(collect, undefined, []);
  return process.memoryUsage().heapUsed;
}

/** How many of three executions were by a plan, having compared each with graphql-js. */
async function timesCompiled(
  source: string,
  {
    schema = filmSchema(),
    variableValues,
    compiled = compiledExecution(),
    rootValue = { film, title: 'films' },
  }: {
    readonly schema?: GraphQLSchema;
    readonly variableValues?: Record<string, unknown>;
    readonly compiled?: CompiledExecution;
    readonly rootValue?: unknown;
  } = {},
): Promise<number> {
  const document = parse(source);
  const before = compiled.stats().compiled;
  for (let time = 0; time < 3; time += 1) {
    const args = { schema, document, rootValue, variableValues };
    expect(JSON.stringify(await compiled.execute(args))).toBe(JSON.stringify(await execute(args)));
  }
  return compiled.stats().compiled - before;
}

describe('compiled execution', () => {
  it('makes a plan of a query when it is seen for the second time', async () => {
    expect(await timesCompiled('{ film { id title } }')).toBe(2);
  });

  it.each([
    ['mutations', 'mutation { film { id } }'],
    ['introspection', '{ __schema { queryType { name } } }'],
    ['directives other than skip and include', '{ film { id @other } }'],
    ['a part of the answer that looks like a promise', '{ film { then } }'],
    ['aliases with a meaning of their own', '{ film { __proto__: title } }'],
    ['a condition that is null', 'query ($null: Boolean = true) { title @skip(if: $null) }'],
  ])('leaves %s to graphql-js', async (_, source) => {
    expect(await timesCompiled(source, { variableValues: { null: null } })).toBe(0);
  });

  it('leaves it to graphql-js to say what is wrong with variables', async () => {
    const source = 'query ($filter: Filter) { film(filter: $filter) { id } }';
    expect(await timesCompiled(source, { variableValues: { filter: { min: 'x', more: 1 } } })).toBe(0);
    const deep = { and: [{ and: [{ min: 1 }] }, {}] };
    expect(await timesCompiled(source, { variableValues: { filter: deep } })).toBe(2);
  });

  it('runs the operation that is named, in every order', async () => {
    const schema = filmSchema();
    const compiled = compiledExecution();
    const document = parse('query A { film { id } } query B { title } mutation C { film { title } }');
    const rootValue = { film, title: 'films' };
    for (const operationName of [...'ABCBACCAB', 'D', '', undefined]) {
      const args = { schema, document, rootValue, operationName };
      expect(await compiled.execute(args)).toEqual(await execute(args));
    }
    expect(compiled.stats().compiled).toBe(4);
  });

  it('keeps a fragment that is spread twice, below a condition and beside it', async () => {
    const source = `
      query ($is: Boolean!) { film { ...F @include(if: $is) ...F next { ...F ...F @skip(if: $is) } } }
      fragment F on Film { id title }`;
    for (const is of [true, false]) expect(await timesCompiled(source, { variableValues: { is } })).toBe(2);
  });

  it('notices that a server has replaced a resolver', async () => {
    const schema = filmSchema();
    const compiled = compiledExecution();
    const document = parse('{ film { title } }');
    const answer = async (): Promise<unknown> => compiled.execute({ schema, document, rootValue: { film } });
    for (let time = 0; time < 3; time += 1) await answer();
    const type = schema.getType('Film');
    const title = isObjectType(type) ? type.getFields()['title'] : undefined;
    if (title !== undefined) title.resolve = () => 'another';
    expect(await answer()).toEqual({ data: { film: { title: 'another' } } });
  });

  it('makes plans for each schema', async () => {
    const schema = filmSchema();
    const other = extendSchema(schema, parse('extend type Film { year: Int }'));
    const compiled = compiledExecution();
    const document = parse('{ film { id year } }');
    const rootValue = { film: { ...film, year: 1985 } };
    for (const one of [schema, other, schema, other, schema, other]) {
      const args = { schema: one, document, rootValue };
      expect(await compiled.execute(args)).toEqual(await execute(args));
    }
  });

  it('leaves an executor of fields that the caller gives to graphql-js', async () => {
    const compiled = compiledExecution();
    const schema = filmSchema();
    const document = parse('{ title }');
    for (let time = 0; time < 3; time += 1) {
      const fieldResolver = (): string => 'from the caller';
      expect(await compiled.execute({ schema, document, fieldResolver })).toEqual({
        data: { title: 'from the caller' },
      });
    }
    expect(compiled.stats()).toMatchObject({ compiled: 0, left: 3 });
  });

  it.each([
    ['null', { more: null }, 2],
    ['undefined', { more: undefined }, 2],
    ['false', { more: false }, 0],
    ['inherited', Object.create({ more: 1 }), 0],
  ])('leaves it to the other executor what an argument means that is %s', async (_, more: object, times) => {
    const compiled = compiledExecution();
    const args = { schema: filmSchema(), document: parse('{ title }'), operationName: null, options: {} };
    for (let time = 0; time < 3; time += 1)
      await compiled.execute(Object.setPrototypeOf({ ...args, ...more }, Object.getPrototypeOf(more)));
    expect(compiled.stats().compiled).toBe(times);
  });

  it.each(['schema', 'document'] as const)('says as graphql-js does that there is no %s', (name) => {
    const args = { schema: filmSchema(), document: parse('{ title }') };
    for (const missing of [{ [name]: null }, { [name]: undefined }]) {
      const without = Object.assign({ ...args }, missing);
      let expected: unknown;
      try {
        void execute({ ...without });
      } catch (error) {
        expected = error;
      }
      expect(expected).toBeInstanceOf(Error);
      expect(() => compiledExecution().execute(without)).toThrow(String(expected).replace(/^Error: /, ''));
    }
  });

  it('hands what it does not compile to the executor it is told', async () => {
    const error = new GraphQLError('elsewhere');
    const { execute: run } = compiledExecution({ otherwise: () => ({ errors: [error] }) });
    expect(await run({ schema: filmSchema(), document: parse('{ title }') })).toEqual({ errors: [error] });
  });

  it('says which options cannot be', () => {
    expect(() => compiledExecution({ maxBytes: 0, ...{ maxByte: 1 } })).toThrow(
      'compiledExecution: there is no option "maxByte" (did you mean "maxBytes"?); maxBytes must be a positive whole number, but got 0',
    );
  });
});

describe('what compiled execution keeps', () => {
  const schema = filmSchema();

  it('stays within its bytes, however many documents come', async () => {
    const compiled = compiledExecution({ maxBytes: 500_000 });
    const documents = process.env['ATTACKS'] === 'long' ? 100_000 : 1000;
    for (let at = 0; at < documents; at += 1) {
      const document = parse(`{ film { a${at}: title id next { b${at}: id } } }`);
      for (let time = 0; time < 2; time += 1)
        await compiled.execute({ schema, document, rootValue: { film } });
      expect(compiled.stats().bytes).toBeLessThanOrEqual(500_000);
    }
    expect(compiled.stats().operations).toBeGreaterThan(20);
    expect(compiled.stats().operations).toBeLessThan(200);
  });

  it('has its defaults where options are undefined', async () => {
    const unsaid: object = {
      ...{ maxBytes: undefined, maxLength: undefined, maxFields: undefined },
      otherwise: undefined,
    };
    const compiled = compiledExecution({ ...unsaid });
    expect(await timesCompiled('{ film { id title } }', { compiled })).toBe(2);
    const long = `{ film { id } } # ${'-'.repeat(20_000)}`;
    expect(await timesCompiled(long, { compiled })).toBe(0);
    const wide = `{ film { ${Array.from({ length: 2_001 }, (_, at) => `a${at}:id`).join(' ')} } }`;
    expect(
      await timesCompiled(wide, { compiled: compiledExecution({ ...unsaid, maxLength: 100_000 }) }),
    ).toBe(0);
  });

  it('takes about as much memory as it says', async () => {
    const compiled = compiledExecution();
    const documents = Array.from({ length: 500 }, (_, at) =>
      parse(`{ film { a${at}: title id next { b${at}: id then${at}: title next { id title } } } }`),
    );
    const before = heapUsed();
    for (const document of documents) {
      for (let time = 0; time < 2; time += 1)
        await compiled.execute({ schema, document, rootValue: { film } });
    }
    const taken = heapUsed() - before;
    // Their documents were there before, and are counted too.
    expect(taken).toBeLessThan(compiled.stats().bytes * 1.3);
    expect(taken).toBeGreaterThan(compiled.stats().bytes / 4);
  });

  it('keeps what is used while others come once', async () => {
    const compiled = compiledExecution({ maxBytes: 200_000 });
    const hot = parse('{ film { id title } }');
    const run = async (document: DocumentNode): Promise<unknown> =>
      compiled.execute({ schema, document, rootValue: { film } });
    await run(hot);
    for (let at = 0; at < 500; at += 1) {
      const document = parse(`{ film { a${at}: title } }`);
      for (let time = 0; time < 2; time += 1) await run(document);
      const before = compiled.stats().compiled;
      await run(hot);
      expect(compiled.stats().compiled).toBe(before + 1);
    }
  });

  it.each([
    [
      'a document of 100 kB',
      `{ film { ${Array.from({ length: 9000 }, (_, at) => `a${at}: id`).join(' ')} } }`,
    ],
    [
      '5,000 variables',
      `query (${Array.from({ length: 5000 }, (_, at) => `$v${at}: ID`).join(' ')}) { title }`,
    ],
    ['selections 1,000 deep', `{ film ${'{ next '.repeat(1000)}{ id }${' }'.repeat(1000)} }`],
  ])('makes no plan of %s', async (_, source) => {
    expect(await timesCompiled(source)).toBe(0);
  });

  it('makes plans only of what is answered: fragments in fragments are no more than the data', async () => {
    const fragments = Array.from(
      { length: 20 },
      (_, at) => `fragment F${at} on Film { next { ...F${at + 1} } b: next { ...F${at + 1} } }`,
    );
    const source = `{ film { ...F0 } } ${fragments.join(' ')} fragment F20 on Film { id }`;
    const compiled = compiledExecution();
    expect(await timesCompiled(source, { compiled })).toBe(2);
    expect(compiled.stats().bytes).toBeLessThan(100_000);
    // In a circle there is no end to the data; what would be kept has one, and is left to graphql-js from then on.
    const circle: Record<string, unknown> = { id: '1' };
    circle['next'] = circle['b'] = circle;
    const ten = source.replace('...F0', '...F10');
    expect(await timesCompiled(ten, { compiled, rootValue: { film: circle } })).toBe(1);
  });
});
