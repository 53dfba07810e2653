import 'reflect-metadata';
import { Injectable, Module, UseGuards, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  AbstractGraphQLDriver,
  GqlExecutionContext,
  GraphQLModule,
  GraphQLSchemaHost,
  Query,
  ResolveField,
  Resolver,
} from '@nestjs/graphql';
import type { GraphQLSchema } from 'graphql';
import { onTestFinished } from 'vitest';
import { cacheTypeDefs } from '../../../src/cache/index.js';
import {
  checkedTypeDefs,
  describeChecks,
  type CheckedParts,
  type Film,
  type Order,
  type Reader,
} from '../../contracts/checks-contract.js';

/** Builds the schema as every driver does, and serves it nowhere: the tests ask it themselves. */
class SchemaOnlyDriver extends AbstractGraphQLDriver {
  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** `@UseGuards(guard) @Decorator() method() {}`, written without the syntax that needs a compiler option. */
function decorate(target: object, name: string, decorators: readonly MethodDecorator[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(target, name);
  if (descriptor === undefined) throw new Error(`there is no method ${name}`);
  for (const decorator of decorators) decorator(target, name, descriptor);
}

/** An application of Nest with guards on the methods of its resolvers. */
async function nestSchema(order: Order, parts: CheckedParts): Promise<GraphQLSchema> {
  const { film, films, notes, mayRead, apply, fetch } = parts;
  class FriendGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      return mayRead(GqlExecutionContext.create(context).getContext<Reader>());
    }
  }
  class FilmResolver {
    // Guards stand around the method: what it caches itself is inside of them.
    film(_parent: unknown, { id }: { id: string }): Promise<Film> {
      return order === 'outside' ? fetch(`Film:${id}`, () => film(id)) : film(id);
    }

    films(): readonly Film[] {
      return films();
    }

    notes(parent: Film): Promise<string> {
      return order === 'outside' ? fetch(`Notes:${parent.id}`, () => notes(parent)) : notes(parent);
    }
  }
  Injectable()(FriendGuard);
  Resolver('Film')(FilmResolver);
  const guarded = UseGuards(FriendGuard);
  decorate(FilmResolver.prototype, 'film', [guarded, Query('film')]);
  decorate(FilmResolver.prototype, 'films', [Query('films')]);
  decorate(FilmResolver.prototype, 'notes', [guarded, ResolveField('notes')]);

  class AppModule {}
  Module({
    imports: [
      GraphQLModule.forRoot({
        driver: SchemaOnlyDriver,
        typeDefs: `${cacheTypeDefs} ${order === 'outside' ? checkedTypeDefs.replaceAll('@cached(ttl: 60)', '') : checkedTypeDefs}`,
        fieldResolverEnhancers: ['guards'],
        transformSchema: (schema: GraphQLSchema) => apply(schema),
      }),
    ],
    providers: [FilmResolver, FriendGuard],
  })(AppModule);
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
  onTestFinished(() => app.close());
  return app.get(GraphQLSchemaHost).schema;
}

describeChecks({ name: 'guards of NestJS', inside: { isRefused: false }, build: nestSchema });
