import 'reflect-metadata';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import {
  ApolloDriver,
  ApolloFederationDriver,
  type ApolloDriverConfig,
  type ApolloFederationDriverConfig,
} from '@nestjs/apollo';
import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  Directive,
  Field,
  GraphQLModule,
  ID,
  ObjectType,
  Query,
  ResolveReference,
  Resolver,
} from '@nestjs/graphql';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { cacheDirectives, cacheTypeDefs, type Cache } from '../../src/cache/index.js';
import { needsBinary } from '../support/needs.js';
import { serverAnswer } from '../support/worlds/server-answer.js';
import { asked, runExample } from './example.js';

const root = resolve(import.meta.dirname, '..', '..');
const folder = join(root, 'test', '.nest-example');

/** What the example exports. */
interface Example {
  readonly CACHE: symbol;
  readonly AppModule: Type<unknown>;
  readonly CacheModule: Type<unknown>;
  readonly FilmResolver: Type<{ readonly loads: number }>;
}

/** The files of examples/nestjs as TypeScript compiles them, with the metadata of their decorators. */
async function compiledExample(): Promise<Example> {
  mkdirSync(folder, { recursive: true });
  for (const name of ['app', 'main']) {
    const code = readFileSync(join(root, 'examples', 'nestjs', `${name}.ts`), 'utf8');
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        experimentalDecorators: true,
        emitDecoratorMetadata: true,
      },
    });
    writeFileSync(join(folder, `${name}.js`), outputText);
  }
  return (await import(join(folder, 'app.js'))) as Example;
}

let example: Example;
beforeAll(async () => {
  example = await compiledExample();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The same application with SDL; its resolver is the one of the example. */
function schemaFirst({ CACHE, CacheModule, FilmResolver }: Example): Type<unknown> {
  class AppModule {}
  Module({
    imports: [
      GraphQLModule.forRootAsync<ApolloDriverConfig>({
        driver: ApolloDriver,
        imports: [CacheModule],
        inject: [CACHE],
        useFactory: (cache: Cache<object>) => ({
          typeDefs: `${cacheTypeDefs}
            type Film { id: ID! title: String! }
            type Query { film(id: ID!): Film! @cached(ttl: 60, key: "Film:{args.id}") }
            type Mutation { rename(id: ID!, title: String!): Boolean! @invalidates(tags: ["Film:{args.id}"]) }`,
          transformSchema: (schema) => cache.apply(schema),
          plugins: [cache.apolloPlugin()],
        }),
      }),
    ],
    providers: [FilmResolver],
  })(AppModule);
  return AppModule;
}

/** `@One() @Two() name() {}`, written without the syntax that needs a compiler option. */
function decorated(target: object, name: string, ...decorators: readonly MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name);
  if (descriptor === undefined) throw new Error(`there is no method ${name}`);
  for (const decorator of decorators) decorator(target, name, descriptor);
}

/** A subgraph with an entity, from SDL or from classes. */
function subgraphModule({ CACHE, CacheModule }: Example, isCodeFirst: boolean) {
  const loads: string[] = [];
  class Film {
    id = '';
    title = '';
  }
  Field(() => ID)(Film.prototype, 'id');
  Field(() => String)(Film.prototype, 'title');
  Directive('@key(fields: "id")')(Film);
  Directive('@cached(ttl: 60, key: "Film:{parent.id}")')(Film);
  ObjectType()(Film);
  class FilmReferences {
    first(): Film | null {
      return null;
    }

    resolveReference({ id }: { id: string }): Film {
      loads.push(id);
      return { id, title: `film ${id}` };
    }
  }
  (isCodeFirst ? Resolver(() => Film) : Resolver('Film'))(FilmReferences);
  decorated(FilmReferences.prototype, 'resolveReference', ResolveReference());
  const query = isCodeFirst ? Query(() => Film, { nullable: true }) : Query('first');
  decorated(FilmReferences.prototype, 'first', query);
  const fromClasses = {
    autoSchemaFile: { federation: 2 as const },
    buildSchemaOptions: { directives: [...cacheDirectives] },
  };
  const fromSdl = {
    typeDefs: `${cacheTypeDefs}
      type Film @key(fields: "id") @cached(ttl: 60, key: "Film:{parent.id}") { id: ID! title: String! }
      type Query { first: Film }`,
  };
  class AppModule {}
  Module({
    imports: [
      GraphQLModule.forRootAsync<ApolloFederationDriverConfig>({
        driver: ApolloFederationDriver,
        imports: [CacheModule],
        inject: [CACHE],
        useFactory: (cache: Cache<object>) => ({
          ...(isCodeFirst ? fromClasses : fromSdl),
          transformSchema: (schema) => cache.apply(schema),
          plugins: [cache.apolloPlugin(), ApolloServerPluginInlineTraceDisabled()],
        }),
      }),
    ],
    providers: [FilmReferences],
  })(AppModule);
  return { AppModule, loads };
}

async function startNest(module: Type<unknown>) {
  const app = await NestFactory.create(module, { logger: false, abortOnError: false });
  const cache = app.get<Cache<object>>(example.CACHE, { strict: false });
  const started = vi.spyOn(cache, 'start');
  const closed = vi.spyOn(cache, 'close');
  await app.listen(0, '127.0.0.1');
  onTestFinished(() => app.close());
  const url = `${await app.getUrl()}/graphql`;
  const ask = async (query: string) => {
    const headers = { 'content-type': 'application/json', 'x-cache-debug': '1' };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    return serverAnswer(await response.text());
  };
  return { app, ask, started, closed };
}

it.skipIf(!needsBinary('curl', 'curl'))(
  'the example of NestJS answers what the docs show, and ends with 0',
  async () => {
    const { script = '', shown = [] } = asked['nestjs'] ?? {};
    const file = join(folder, 'main.js');
    const ended = await runExample({ file, script, folder, atEnd: onTestFinished });
    expect(ended).toMatchObject({ answers: shown, code: 0, stderr: '' });
    expect(shown.length).toBeGreaterThan(1);
  },
);

describe.each<[name: string, module: (from: Example) => Type<unknown>]>([
  ['code-first, as in examples/nestjs', ({ AppModule }) => AppModule],
  ['schema-first', schemaFirst],
])('an application of NestJS, %s', (_name, moduleOf) => {
  it('caches what its directives say, tells evidence, and starts and closes the cache', async () => {
    const { app, ask, started, closed } = await startNest(moduleOf(example));
    const resolver = app.get(example.FilmResolver, { strict: false });
    expect(started).toHaveBeenCalledTimes(1);
    const source = '{ film(id: "1") { title } }';
    expect(await ask(source)).toMatchObject({ outcomes: ['Query.film MISS'], loads: 1 });
    for (let times = 0; times < 3; times += 1) {
      const answer = await ask(source);
      expect(answer).toMatchObject({ data: { film: { title: 'Vagabond' } }, outcomes: ['Query.film HIT'] });
    }
    const written = await ask('mutation { rename(id: "1", title: "Cléo") }');
    expect(written).toMatchObject({ outcomes: ['Mutation.rename INVALIDATED'], consistency: 'strict' });
    expect(await ask(source)).toMatchObject({ data: { film: { title: 'Cléo' } } });
    expect(resolver.loads).toBe(2);
    expect(closed).not.toHaveBeenCalled();
    await app.close();
    expect(closed).toHaveBeenCalledTimes(1);
  });
});

describe.each([
  ['code-first', true],
  ['schema-first', false],
])('a subgraph of NestJS, %s', (_name, isCodeFirst) => {
  it('has entities whose references are cached', async () => {
    const { AppModule, loads } = subgraphModule(example, isCodeFirst);
    const { app, ask } = await startNest(AppModule);
    const source =
      '{ _entities(representations: [{ __typename: "Film", id: "1" }, { __typename: "Film", id: "2" }]) { ... on Film { title } } }';
    for (let times = 0; times < 3; times += 1)
      expect((await ask(source)).data).toEqual({ _entities: [{ title: 'film 1' }, { title: 'film 2' }] });
    expect(loads).toEqual(['1', '2']);
    await app.close();
  });
});
