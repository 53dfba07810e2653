import { describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal, redisStore } from '../../../src/cache/redis/index.js';
import { encodeRecord } from '../../../src/cache/journal/record.js';
import { createValueCodec } from '../../../src/cache/codec/value-codec.js';
import { cacheLog } from '../../support/cache-log.js';
import { freePort } from '../../support/free-port.js';
import { needsRedis } from '../../support/needs.js';
import { corral, type Ran } from '../../support/run-corral.js';
import { useWorkerRedis } from '../../support/servers/worker-redis.js';
import { testCache, type TestCache } from '../../support/test-cache.js';

const isThere = needsRedis();

describe.skipIf(!isThere)('the command line beside running processes', () => {
  const server = useWorkerRedis(isThere);
  let worlds = 0;

  /** A process with a schema, and the command line beside it, under a prefix of their own. */
  const world = async () => {
    worlds += 1;
    const prefix = `line${worlds}`;
    let loads = 0;
    const used: TestCache = testCache({
      store: redisStore(server.redis, { prefix, commandTimeoutMs: 10_000 }),
      typeDefs: `type Query {
        film(id: ID!): String @cached(ttl: 60, key: "Film:{args.id}", tags: ["Film"], local: 30)
        label(id: ID!): String @cached(ttl: 60, key: "Label:{args.id}", vary: ["locale"])
        rent(id: ID!): String @cached(ttl: 60, key: "Rent:{args.id}", vary: ["tenant"])
      }`,
      vary: { locale: ({ locale }) => locale, tenant: ({ tenant }) => tenant },
      varyTags: ['tenant'],
      resolvers: {
        Query: {
          film: (_, { id }) => `${id} ${(loads += 1)}`,
          label: (_, { id }, { locale }) => `${id} ${locale}`,
          rent: (_, { id }, { tenant }) => `${id} ${tenant}`,
        },
      },
    });
    await used.cache.start();
    onTestFinished(() => used.cache.close());
    const film = async (id: number): Promise<unknown> =>
      (await used.query(`{ film(id: ${id}) }`)).outcomes[0];
    const run = (...words: string[]): Promise<Ran> =>
      corral([...words, '--prefix', prefix], { environment: { REDIS_URL: server.url } });
    return { ...used, prefix, film, run };
  };

  it('inspect tells of an entry whether it counts, and its value only where it is asked to', async () => {
    const { film, run, cache, clock } = await world();
    await film(1);
    const { code, out } = await run('inspect', 'Film:1');
    expect(code).toBe(0);
    expect(out).toMatch(/^Film:1 is (fresh|past its ttl) \(schema [0-9a-f]{12}\)\.\n {2}age /);
    expect(out).toContain('1 besides its own');
    expect(out).not.toContain('1 1');
    expect((await run('inspect', 'Film:1', '--value')).out).toContain('value     "1 1"');
    clock.advance(1);
    await cache.invalidate(['Film']);
    // The tag ends it as well: only the generations of the tags know, and processes compare those.
    await cache.invalidate(['Film:1']);
    expect(await run('inspect', 'Film:1')).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^There is no entry Film:1 under the prefix line\d+\.$/),
    });
  });

  it('inspect finds a variant, and tells JSON', async () => {
    const { query, run } = await world();
    await query('{ label(id: 1) }', { locale: 'de' });
    const { out } = await run('inspect', 'Label:1|locale=de', '--json', '--value');
    expect(JSON.parse(out)).toMatchObject({
      key: 'Label:1|locale=de',
      entries: [{ value: '1 de', isLoading: false }],
      writeWaitingSince: null,
    });
  });

  it('inspect finds entries where no process runs', async () => {
    const { film, run, cache } = await world();
    await film(1);
    await cache.close();
    expect(await run('inspect', 'Film:1')).toMatchObject({ code: 0, err: '' });
  });

  it('purge ends entries by tag, in the store and by its log in every process', async () => {
    const { film, run, prefix } = await world();
    await film(1);
    await film(2);
    expect(await run('purge', 'Film:1')).toEqual({ code: 0, out: '1 tag ended.', err: '' });
    expect(await server.redis.exists(`${prefix}:g:{Film:1}`)).toBe(0);
    expect((await run('inspect', 'Film:1')).out).toContain('was ended by an invalidation');
    expect((await run('inspect', 'Film:2')).out).not.toContain('ended');
    const [newest] = await server.redis.xrevrange(`${prefix}:log`, '+', '-', 'COUNT', 1);
    expect(newest?.[1]).toEqual(['t', 'Film:1']);
    expect((await run('purge', 'Film', '--json')).out).toBe('{\n  "purged": [\n    "Film"\n  ]\n}');
  });

  it('purge ends what cache.invalidate does: other spellings of a key, and all variants of the row of one', async () => {
    const { query, run } = await world();
    const [lower, upper] = ['550e8400-e29b-41d4-a716-446655440000', '550E8400-E29B-41D4-A716-446655440000'];
    const labels = async (id: string): Promise<unknown> => {
      const source = `{ label(id: "${id}") }`;
      const [de, en] = [await query(source, { locale: 'de' }), await query(source, { locale: 'en' })];
      return [...de.outcomes, ...en.outcomes].map((outcome) => outcome.replace('Query.label ', ''));
    };
    for (const id of [lower, '1']) await labels(id);
    for (const id of [lower, '1']) expect(await labels(id)).toEqual(['HIT', 'HIT']);
    expect(await run('purge', `Label:${upper}`)).toMatchObject({ code: 0 });
    expect(await labels(lower)).toEqual(['MISS', 'MISS']);
    expect(await run('purge', 'Label:1|locale=de')).toMatchObject({ code: 0 });
    expect(await labels('1')).toEqual(['MISS', 'MISS']);
    expect(await labels(lower)).toEqual(['HIT', 'HIT']);
  });

  it('purge of the row of one tenant leaves those of the others', async () => {
    const { query, run } = await world();
    const rents = async (): Promise<unknown> => {
      const of = (tenant: string) => query('{ rent(id: 1) }', { tenant });
      return [...(await of('acme')).outcomes, ...(await of('other')).outcomes];
    };
    await rents();
    expect(await run('purge', 'Rent:1|tenant=acme')).toMatchObject({ code: 0 });
    expect(await rents()).toEqual(['Query.rent MISS', 'Query.rent HIT']);
  });

  it('purge says so where nothing is stored under the prefix', async () => {
    const { film, run } = await world();
    await film(1);
    const words = ['purge', 'Film:1', '--redis', server.url, '--prefix', 'other'];
    expect(await corral(words)).toEqual({
      code: 1,
      out: '',
      err: 'Nothing is stored under the prefix other, so nothing was ended. Name the prefix of the processes with --prefix.',
    });
    expect(await run('purge', 'Film:1')).toMatchObject({ code: 0 });
  });

  it('purge of everything asks twice, and does nothing unless both are answered', async () => {
    const { film, run, prefix } = await world();
    await film(1);
    const asking = async (...answers: string[]): Promise<Ran & { asked: number }> => {
      let asked = 0;
      const ask = (): Promise<string> => Promise.resolve(answers[asked++] ?? '');
      const words = ['purge', '--all', '--redis', server.url, '--prefix', prefix];
      return { ...(await corral(words, { ask })), asked };
    };
    const isThereStill = async (): Promise<boolean> =>
      !(await run('inspect', 'Film:1')).out.includes('ended');
    expect(await run('purge', '--all')).toMatchObject({ code: 2, err: expect.stringContaining('--yes') });
    expect(await asking('n')).toMatchObject({ code: 1, asked: 1, err: 'Nothing was ended.' });
    expect(await asking('y', 'other')).toMatchObject({ code: 1, asked: 2 });
    expect(await isThereStill()).toBe(true);
    expect(await asking('y', prefix)).toMatchObject({ code: 0, asked: 2, out: 'All entries are ended.' });
    expect(await isThereStill()).toBe(false);
    expect(await run('purge', '--all', '--yes')).toMatchObject({ code: 0 });
    expect(await run('purge', 'Film', '--all')).toMatchObject({ code: 2 });
    expect(await run('purge')).toMatchObject({ code: 2, err: 'Name tags such as Movie:42, or --all.' });
  });

  const lettersOf = async (prefix: string, error = 'violates a constraint') => {
    const journal = redisJournal(server.redis, { prefix, commandTimeoutMs: 10_000 });
    await journal.open?.({ log: cacheLog() });
    onTestFinished(() => journal.close());
    const coordinate = 'Mutation.rename';
    const written = { coordinate, state: {}, tags: [], viewer: null, acceptedAtMs: 1 };
    const record = encodeRecord(createValueCodec(), written);
    return async (key: string): Promise<void> => {
      const { seq } = await journal.accept({ key, record, delayMs: 60_000 });
      await journal.bury({ key, seq, record, attempts: 5, error, buriedAtMs: 1 });
    };
  };

  it('a replayed dead letter is seen at once: what was loaded after it was buried is ended', async () => {
    const { film, run, prefix } = await world();
    const bury = await lettersOf(prefix);
    for (const id of [1, 2]) {
      await bury(`Film:${id}`);
      await film(id);
      expect(await film(id)).toBe('Query.film HIT');
    }
    expect(await run('dead-letters', 'replay', 'Film:1')).toMatchObject({ code: 0, err: '' });
    expect((await run('inspect', 'Film:1')).out).toContain('was ended by an invalidation');
    expect((await run('inspect', 'Film:2')).out).not.toContain('ended');
    const [newest] = await server.redis.xrevrange(`${prefix}:log`, '+', '-', 'COUNT', 1);
    expect(newest?.[1]).toEqual(['t', 'Film:1']);
  });

  it('says so where a letter is replayed and the entries cannot be ended', async () => {
    const { film, prefix } = await world();
    const bury = await lettersOf(prefix);
    await film(1);
    await bury('Film:1');
    await server.redis.call('ACL', 'SETUSER', 'journal', 'on', '>pw', '+@all', '&*', `~${prefix}:j:*`);
    onTestFinished(async () => void (await server.redis.call('ACL', 'DELUSER', 'journal')));
    const redis = server.url.replace('//', '//journal:pw@');
    expect(await corral(['dead-letters', 'replay', 'Film:1', '--redis', redis, '--prefix', prefix])).toEqual({
      code: 1,
      out: 'Film:1 is due now: a running process flushes it.',
      err: expect.stringMatching(/could not be ended, .*: .*NOPERM.*\. corral purge/) as string,
    });
  });

  it('says so where a letter is replayed and the entries are in another Redis', async () => {
    const prefix = 'letters-only';
    const bury = await lettersOf(prefix);
    await bury('Film:1');
    const words = ['dead-letters', 'replay', 'Film:1', '--redis', server.url, '--prefix', prefix];
    expect(await corral(words)).toMatchObject({
      code: 0,
      err: expect.stringMatching(
        /^No entries are in this Redis under the prefix letters-only\. .*corral purge/,
      ),
    });
  });

  it('errors of dead letters reach a terminal without what it would obey', async () => {
    const { run, prefix } = await world();
    const bury = await lettersOf(prefix, 'value "\u001b]0;a\u0007\u009b2J\u202e"\nis refused');
    await bury('Film:1');
    const { out } = await run('dead-letters', 'list');
    expect(out).toMatch(/ value "\\u001b\]0;a\\u0007\\u009b2J\\u202e" is refused$/);
    const json = (await run('dead-letters', 'list', '--json')).out;
    expect(out.split('\n')).toHaveLength(2);
    for (const text of [out, json]) expect(text).not.toMatch(/(?!\n)\p{Cc}|\u202e/u);
    expect(JSON.parse(json)).toMatchObject([{ error: 'value "\u001b]0;a\u0007\u009b2J\u202e"\nis refused' }]);
  });

  it('dead letters are listed without their values, replayed and discarded', async () => {
    const { film, run, prefix } = await world();
    await film(7);
    const journal = redisJournal(server.redis, { prefix, commandTimeoutMs: 10_000 });
    await journal.open?.({ log: cacheLog() });
    onTestFinished(() => journal.close());
    const record = encodeRecord(createValueCodec(), {
      ...{
        coordinate: 'Mutation.rename',
        state: { name: 'secret' },
        tags: [],
        viewer: null,
        acceptedAtMs: 1,
      },
    });
    for (const id of [1, 2, 3]) {
      const key = `Film:${id}`;
      const { seq } = await journal.accept({ key, record, delayMs: 60_000 });
      await journal.bury({ key, seq, record, attempts: 5, error: 'violates a constraint', buriedAtMs: 1 });
    }
    const { out } = await run('dead-letters', 'list');
    expect(out).toMatch(/^Film:1 +Mutation\.rename +5 +1970-01-01T00:00:00\.001Z +violates a constraint$/m);
    expect(out + (await run('dead-letters', 'list', '--json')).out).not.toContain('secret');
    expect(await run('dead-letters', 'replay', 'Film:1', 'Film:9')).toEqual({
      code: 1,
      out: 'Film:1 is due now: a running process flushes it.\nFilm:9 is no dead letter.',
      err: '',
    });
    expect((await run('inspect', 'Film:1')).out).toMatch(/^A write of it waits in the journal since \d{4}-/);
    expect(await run('dead-letters', 'discard', 'Film:2')).toMatchObject({
      code: 0,
      out: '1 dead letter discarded.',
    });
    expect(await journal.size()).toMatchObject({ pending: 1, dead: 1 });
    expect(await run('dead-letters', 'discard', '--all')).toMatchObject({ code: 2 });
    expect(await run('dead-letters', 'discard', '--all', '--yes')).toMatchObject({ code: 0 });
    expect(await run('dead-letters', 'list')).toMatchObject({ code: 0, out: 'There are no dead letters.' });
    // What is pending of another key, and what was replayed, is still there.
    expect(await journal.size()).toMatchObject({ pending: 1, dead: 0 });
  });
});

describe('the command line without a server', () => {
  it('says so in a sentence, without the password', async () => {
    expect(await corral(['inspect', 'Film:1'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--redis'),
    });
    expect(await corral(['inspect', 'Film:1', '--redis', 'localhost'])).toMatchObject({ code: 2 });
    const url = `redis://user:secret@127.0.0.1:${await freePort()}`;
    const { code, err } = await corral(['purge', 'Film', '--redis', url]);
    expect(code).toBe(1);
    expect(err).toMatch(/^Redis at 127\.0\.0\.1:\d+ does not answer: .*ECONNREFUSED/);
    expect(err).not.toContain('secret');
  });
});
