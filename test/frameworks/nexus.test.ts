import { graphql } from 'graphql';
import { makeSchema, mutationType, nonNull, objectType, queryType, stringArg } from 'nexus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createCache, memoryStore, type CachedOptions } from '../../src/cache/index.js';

/** Nexus takes `extensions` of a field as they are; its typed way of own options is `declare global`, as its docs say. */
const cached = (options: CachedOptions) => ({ extensions: { directives: { cached: options } } });

const outputs = { shouldGenerateArtifacts: false };

describe('a schema of Nexus', () => {
  it('is cached as the extensions of its fields say', async () => {
    let title = 'Vagabond';
    const loads: string[] = [];
    const schema = makeSchema({
      ...outputs,
      types: [
        objectType({ name: 'Film', definition: (t) => t.string('title') }),
        queryType({
          definition: (t) => {
            t.field('film', {
              type: 'Film',
              args: { id: nonNull(stringArg()) },
              ...cached({ ttl: 60, key: 'Film:{args.id}' }),
              resolve: (_: unknown, { id }: { id: string }) => {
                loads.push(id);
                return { title };
              },
            });
          },
        }),
        mutationType({
          definition: (t) => {
            t.boolean('rename', {
              args: { id: nonNull(stringArg()), title: nonNull(stringArg()) },
              extensions: { directives: { invalidates: { tags: ['Film:{args.id}'] } } },
              resolve: (_: unknown, args: { title: string }) => {
                title = args.title;
                return true;
              },
            });
          },
        }),
      ],
    });
    const cache = createCache({ store: memoryStore(), environment: 'test' });
    onTestFinished(() => cache.close());
    const applied = cache.apply(schema);
    const ask = async (source: string) => (await graphql({ schema: applied, source, contextValue: {} })).data;
    for (let times = 0; times < 3; times += 1)
      expect(await ask('{ film(id: "1") { title } }')).toEqual({ film: { title: 'Vagabond' } });
    expect(loads).toEqual(['1']);
    await ask('mutation { rename(id: "1", title: "b") }');
    expect(await ask('{ film(id: "1") { title } }')).toEqual({ film: { title: 'b' } });
    expect(loads).toEqual(['1', '1']);
  });

  it('may carry cached as an option of its own, and is refused where that cannot be read', () => {
    const withOption = (option: unknown) => {
      const field = { resolve: () => 1, ...{ cached: option } };
      const schema = makeSchema({
        ...outputs,
        types: [queryType({ definition: (t) => t.int('a', field) })],
      });
      const cache = createCache({ store: memoryStore() });
      cache.apply(schema);
      return cache.stats.fields();
    };
    expect(withOption({ ttl: 60 })).toMatchObject([{ coordinate: 'Query.a', ttl: 60 }]);
    expect(() => withOption('60')).toThrow(
      '@cached on Query.a: extensions.nexus.config.cached must be an object with the arguments, but is none',
    );
  });
});
