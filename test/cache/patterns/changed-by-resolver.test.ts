import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryJournal } from '../../../src/cache/index.js';
import type { FlushedWrite } from '../../../src/cache/types/index.js';
import { testCache, type TestCacheOptions, type TestContext } from '../../support/test-cache.js';

const typeDefs = `
  scalar Day
  input FilmInput { id: ID ids: [ID!] title: String day: Day }
  type Film { id: ID! title: String }
  type Query {
    film(id: ID!): Film @cached(ttl: 60, key: "Film:{args.id}")
    onDay(day: Day!): Int @cached(ttl: 60, tags: ["Day:{args.day}:0"])
    me: String @cached(ttl: 60, scope: PRIVATE, tags: ["Me:{viewer.id}"])
  }
  type Mutation {
    rename(input: FilmInput!): Film @invalidates(tags: ["Film:{args.input.id}"])
    renameAll(input: FilmInput!): Film @invalidates(tags: ["Film:{args.input.ids}"])
    moveTo(input: FilmInput!): Film @invalidates(tags: ["Day:{args.input.day}:{result.id}"])
    signIn(id: ID!): Boolean @invalidates(tags: ["Me:{viewer.id}"])
    signOut: Boolean @invalidates(tags: ["Me:{viewer.id}", "Film:1"])
    note(input: FilmInput!): Film @cached(ttl: 60, pattern: WRITE_BEHIND, key: "Note:{args.input.id}")
    mark(input: FilmInput!): Film
      @cached(ttl: 60, pattern: WRITE_BEHIND, scope: PRIVATE, key: "Mark:{viewer.id}:{args.input.id}")
  }
`;

interface Input {
  id?: string;
  ids?: string[];
  title?: string;
  day?: Date;
}

type Resolver = NonNullable<TestCacheOptions['resolvers']>[string][string];

/** Films, and mutations that do as a test says. */
function films(mutations: Record<string, Resolver>, options: Partial<TestCacheOptions> = {}) {
  const titles = new Map([
    ['1', 'old'],
    ['2', 'old'],
  ]);
  const names = new Map<string, string>();
  const flushed: FlushedWrite[] = [];
  const keep = {
    flush: (writes: readonly FlushedWrite[]) => {
      flushed.push(...writes);
      return Promise.resolve();
    },
  };
  const tested = testCache({
    typeDefs,
    resolvers: {
      Query: {
        film: (_, { id }: { id: string }) => ({ id, title: titles.get(id) }),
        onDay: () => 1,
        me: (_, _args, { viewer }) => names.get(viewer?.id ?? '') ?? 'guest',
      },
      Mutation: mutations,
    },
    journal: memoryJournal(),
    origins: { Note: keep, Mark: keep },
    ...options,
  });
  onTestFinished(() => tested.cache.close());
  const titleOf = async (id: number, context: TestContext = {}): Promise<unknown> =>
    (await tested.query(`{ film(id: ${id}) { title } }`, context)).data;
  return { ...tested, titles, names, flushed, titleOf };
}

const title = (text: string) => ({ film: { title: text } });
const inputOf = ({ input }: { input: Input }): Input => input;

describe('a mutation whose resolver takes its arguments apart', () => {
  it('ends what they named as the call began', async () => {
    const { query, titles, titleOf } = films({
      rename: (_, args: { input: Input }) => {
        const input = inputOf(args);
        const { id = '' } = input;
        delete input.id;
        titles.set(id, input.title ?? '');
        return { id, ...input };
      },
    });
    expect(await titleOf(1)).toEqual(title('old'));
    await query('mutation { rename(input: { id: 1, title: "new" }) { id } }');
    expect(await titleOf(1)).toEqual(title('new'));
  });

  it('ends all that a list named', async () => {
    const { query, titles, titleOf } = films({
      renameAll: (_, args: { input: Input }) => {
        const { ids = [], title: text = '' } = inputOf(args);
        for (const id of ids.splice(0)) titles.set(id, text);
        return null;
      },
    });
    for (const id of [1, 2]) expect(await titleOf(id)).toEqual(title('old'));
    await query('mutation { renameAll(input: { ids: [1, 2], title: "new" }) { id } }');
    for (const id of [1, 2]) expect(await titleOf(id)).toEqual(title('new'));
  });

  it('also beside what its result names, and where a Date was set to another day', async () => {
    const { cache, query } = films({
      moveTo: (_, args: { input: Input }) => {
        inputOf(args).day?.setUTCFullYear(1970);
        return { id: '0' };
      },
    });
    const day = new Date('2026-11-30T00:00:00Z');
    const read = () => query('query ($day: Day!) { onDay(day: $day) }', {}, { day: new Date(day) });
    await read();
    expect((await read()).outcomes).toEqual(['Query.onDay HIT']);
    await query('mutation ($day: Day!) { moveTo(input: { day: $day }) { id } }', {}, { day: new Date(day) });
    expect((await read()).outcomes).toEqual(['Query.onDay MISS']);
    expect(cache.stats.counters()['Mutation.moveTo']).toMatchObject({ invalidations: 1 });
  });

  it('that writes behind is written under the key that they named', async () => {
    const { cache, query, flushed } = films({
      note: (_, args: { input: Input }) => {
        const input = inputOf(args);
        const { id } = input;
        delete input.id;
        return { id, ...input };
      },
    });
    await cache.start();
    for (const id of [1, 2])
      expect((await query(`mutation { note(input: { id: ${id}, title: "n" }) { id } }`)).outcomes).toEqual([
        'Mutation.note QUEUED',
      ]);
    await cache.close();
    expect(flushed.map(({ key }) => key).sort()).toEqual(['Note:1', 'Note:2']);
  });
});

describe('a mutation whose resolver changes its viewer', () => {
  const ann = { viewer: { id: 'ann' } };

  it('ends what the one before saw, as at a sign-out, and what the one after sees, as at a sign-in', async () => {
    const { query, names } = films({
      signOut: (_, _args, context) => {
        names.set('ann', 'away');
        delete context.viewer;
        return true;
      },
      signIn: (_, { id }: { id: string }, context) => {
        names.set(id, 'here');
        context.viewer = { id };
        return true;
      },
    });
    const me = async () => (await query('{ me }', ann)).data;
    expect(await me()).toEqual({ me: 'guest' });
    await query('mutation { signOut }', ann);
    expect(await me()).toEqual({ me: 'away' });
    await query('mutation { signIn(id: "ann") }');
    expect(await me()).toEqual({ me: 'here' });
    await query('mutation { signIn(id: "ann") }', { viewer: { id: 'ben' } });
    expect(await me()).toEqual({ me: 'here' });
  });

  it('ends all that it names where the viewer cannot be asked any more', async () => {
    const { query, names, titles, titleOf } = films(
      {
        signOut: (_, _args, context) => {
          names.set('ann', 'away');
          titles.set('1', 'new');
          Object.defineProperty(context, 'viewer', {
            get: () => {
              throw new Error('the session is over');
            },
          });
          return true;
        },
      },
      { viewer: ({ viewer }) => viewer?.id },
    );
    await query('{ me }', ann);
    await titleOf(1);
    const { result } = await query('mutation { signOut }', ann);
    expect(result.errors).toBeUndefined();
    expect((await query('{ me }', ann)).data).toEqual({ me: 'away' });
    expect(await titleOf(1)).toEqual(title('new'));
  });

  it('is refused before it writes where the viewer cannot be asked at all', async () => {
    let writes = 0;
    const { query } = films(
      { signOut: () => (writes += 1) > 0 },
      {
        viewer: () => {
          throw new Error('no session');
        },
      },
    );
    const { result } = await query('mutation { signOut }');
    expect(result.errors?.[0]?.message).toContain('viewer(context) threw Error: no session');
    expect(writes).toBe(0);
  });

  it('that writes behind is written for the one who called it, or who was found meanwhile', async () => {
    const { cache, query, flushed } = films({
      mark: (_, args: { input: Input }, context) => {
        context.viewer = { id: 'ben' };
        return { id: inputOf(args).id };
      },
    });
    await cache.start();
    await query('mutation { mark(input: { id: 1 }) { id } }', ann);
    await query('mutation { mark(input: { id: 1 }) { id } }');
    await cache.close();
    expect(flushed.map(({ key }) => key).sort()).toEqual(['Mark:ann:1', 'Mark:ben:1']);
  });
});

describe('a mutation whose resolver changes its tenant', () => {
  const tenantTypes = `
    type Query { film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}", vary: ["tenant"]) other: Int @cached(ttl: 60, tags: ["Other:1"]) }
    type Mutation { change(id: ID!): Boolean @invalidates(tags: ["Film:{args.id}", "Other:1"]) }
  `;

  function tenants(change: Resolver) {
    let title = 'old';
    const tested = testCache({
      typeDefs: tenantTypes,
      vary: {
        tenant: ({ tenant }: TestContext) => {
          if (tenant === 'none') throw new Error('no tenant');
          return tenant;
        },
      },
      varyTags: ['tenant'],
      resolvers: {
        Query: { film: (_, _args, { tenant }) => `${String(tenant)} ${title}`, other: () => 1 },
        Mutation: {
          change: (...call) => {
            title = 'new';
            return change(...call);
          },
        },
      },
    });
    const read = async (tenant: string) => (await tested.query('{ film(id: 1) }', { tenant })).data;
    return { ...tested, read };
  }

  it('ends the rows of both', async () => {
    const { read, query } = tenants((_, _args, context) => {
      context.tenant = 'other';
      return true;
    });
    for (const tenant of ['acme', 'other']) await read(tenant);
    await query('mutation { change(id: 1) }', { tenant: 'acme' });
    expect([await read('acme'), await read('other')]).toEqual([{ film: 'acme new' }, { film: 'other new' }]);
  });

  it('ends all that it names where the tenant cannot be asked any more', async () => {
    const { read, query } = tenants((_, _args, context) => {
      context.tenant = 'none';
      return true;
    });
    await read('acme');
    await query('{ other }');
    const { result } = await query('mutation { change(id: 1) }', { tenant: 'acme' });
    expect(result.errors).toBeUndefined();
    expect(await read('acme')).toEqual({ film: 'acme new' });
    expect((await query('{ other }')).outcomes).toEqual(['Query.other MISS']);
  });

  it('leaves what is read below it to the tenant that it says', async () => {
    const signedIn = testCache({
      typeDefs: `
        type Session { film: String @cached(ttl: 60, key: "Film:1", vary: ["tenant"]) }
        type Query { film: String @cached(ttl: 60, key: "Film:1", vary: ["tenant"]) }
        type Mutation { signIn: Session @invalidates(tags: ["Film:1"]) }
      `,
      vary: { tenant: ({ tenant }: TestContext) => tenant },
      varyTags: ['tenant'],
      resolvers: {
        Query: { film: (_, _args, { tenant }) => `of ${String(tenant)}` },
        Session: { film: (_, _args, { tenant }) => `of ${String(tenant)}` },
        Mutation: {
          signIn: (_, _args, context) => {
            context.tenant = 'acme';
            return {};
          },
        },
      },
    });
    await signedIn.query('mutation { signIn { film } }');
    expect((await signedIn.query('{ film }')).data).toEqual({ film: 'of undefined' });
    expect((await signedIn.query('{ film }', { tenant: 'acme' })).data).toEqual({ film: 'of acme' });
  });
});

describe('a mutation whose result cannot be read', () => {
  it('ends what its arguments name, and says which tag it could not name', async () => {
    let text = 'old';
    const { query, logged } = testCache({
      typeDefs: `
        type Film { id: ID! title: String }
        type Query { film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}") byTitle: Int @cached(ttl: 60, tags: ["Title:1"]) }
        type Mutation { rename(id: ID!): Film @invalidates(tags: ["Film:{args.id}", "Title:{result.title}"]) }
      `,
      resolvers: {
        Query: { film: () => text, byTitle: () => 1 },
        Mutation: {
          rename: (_, { id }: { id: string }) => {
            text = 'new';
            return {
              id,
              get title(): string {
                throw new Error('the relation is not loaded');
              },
            };
          },
        },
      },
    });
    await query('{ film(id: 1) }');
    expect((await query('mutation { rename(id: 1) { id } }')).result.errors).toBeUndefined();
    expect((await query('{ film(id: 1) }')).data).toEqual({ film: 'new' });
    expect(logged).toEqual([expect.stringContaining('a tag could not be named from the result')]);
  });
});
