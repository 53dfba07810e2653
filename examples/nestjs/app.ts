import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import { Inject, Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import {
  Args,
  Directive,
  Field,
  GraphQLModule,
  ID,
  Mutation,
  ObjectType,
  Query,
  Resolver,
} from '@nestjs/graphql';
import { cacheDirectives, createCache, memoryStore, type Cache } from 'graphql-corral';

export const CACHE = Symbol('cache');

@Module({
  providers: [{ provide: CACHE, useFactory: () => createCache({ store: memoryStore() }) }],
  exports: [CACHE],
})
export class CacheModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(@Inject(CACHE) private readonly cache: Cache<object>) {}

  async onApplicationBootstrap() {
    await this.cache.start();
  }

  async onApplicationShutdown() {
    await this.cache.close();
  }
}

@ObjectType()
export class Film {
  @Field(() => ID) id!: string;
  @Field(() => String) title!: string;
}

@Resolver(() => Film)
export class FilmResolver {
  loads = 0;
  private title = 'Vagabond';

  @Query(() => Film)
  @Directive('@cached(ttl: 60, key: "Film:{args.id}")')
  film(@Args('id', { type: () => ID }) id: string) {
    this.loads += 1;
    return { id, title: this.title };
  }

  @Mutation(() => Boolean)
  @Directive('@invalidates(tags: ["Film:{args.id}"])')
  rename(@Args('id', { type: () => ID }) _id: string, @Args('title', { type: () => String }) title: string) {
    this.title = title;
    return true;
  }
}

@Module({
  imports: [
    GraphQLModule.forRootAsync<ApolloDriverConfig>({
      driver: ApolloDriver,
      imports: [CacheModule],
      inject: [CACHE],
      useFactory: (cache: Cache<object>) => ({
        autoSchemaFile: true,
        buildSchemaOptions: { directives: [...cacheDirectives] },
        transformSchema: (schema) => cache.apply(schema),
        plugins: [cache.apolloPlugin()],
      }),
    }),
  ],
  providers: [FilmResolver],
})
export class AppModule {}
