import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { applyMigrations } from '../../src/database/apply-migrations.js';
import { ConfigurationError } from '../../src/start/configuration-error.js';
import { connectDatabase } from '../../src/database/connect-database.js';
import { connectionFault } from '../../src/database/connection-fault.js';
import { transactionLimits } from '../../src/database/database-limits.js';
import { parseDatabaseUrl } from '../../src/database/parse-database-url.js';
import { requireVersion } from '../../src/database/require-version.js';
import { freePort } from '../support/free-port.js';
import { needsPostgres } from '../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../support/private-postgres.js';
import { testLog } from '../support/test-log.js';

const connect = (databaseUrl: string) =>
  connectDatabase({ databaseUrl, dataDirectory: '/nowhere', log: testLog() });

/** The whole message, so that nothing else, such as a password, can be in it. */
async function refusal(databaseUrl: string): Promise<string> {
  const error: unknown = await connect(databaseUrl).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigurationError);
  return error instanceof Error ? error.message : '';
}

describe('a DATABASE_URL that cannot work is refused with what to change', () => {
  it('when it is not a URL', async () => {
    expect(await refusal('host=localhost password=secret')).toBe(
      'DATABASE_URL is not a URL; it must look like postgresql://user:password@host:5432/database, ' +
        'with special characters of the password percent-encoded.',
    );
  });

  it('when it names another kind of database', async () => {
    expect(await refusal('mysql://root:secret@localhost/films')).toBe(
      'DATABASE_URL must begin with postgresql://, but begins with mysql://; ' +
        'it must look like postgresql://user:password@host:5432/database.',
    );
  });

  it('when it asks for a schema that the driver would ignore', async () => {
    expect(await refusal('postgresql://a:secret@localhost/films?schema=corral')).toBe(
      'DATABASE_URL asks for the schema "corral", but Corral\'s tables live in the schema "public"; ' +
        'give it a database of its own.',
    );
  });

  const otherSchema = 'but Corral\'s tables live in the schema "public"; give it a database of its own.';
  const noTriggers =
    'sets session_replication_role in its options, with which no trigger writes down what changes; leave it out.';
  const form = 'postgresql://user:password@host:5432/database';

  it.each<[url: string, rest: string]>([
    ['secret@h/films?options=-c%20search_path%3Dfilms', `sets search_path in its options, ${otherSchema}`],
    ['secret@h/films?options=-csearch_path=films,public', `sets search_path in its options, ${otherSchema}`],
    ['secret@h/films?options=--search-path=secret', `sets search_path in its options, ${otherSchema}`],
    [
      'secret@h/films?options=-c+work_mem=64MB+-c+SEARCH_PATH+=+x',
      `sets search_path in its options, ${otherSchema}`,
    ],
    ['secret@h/films?search_path=films', `asks for the schema "films", ${otherSchema}`],
    ['secret@h/films?currentSchema=films', `asks for the schema "films", ${otherSchema}`],
    ['secret@h/films?schema=public&schema=films', `asks for the schema "films", ${otherSchema}`],
    ['secret@h/films?options=-c%20session_replication_role%3Dreplica', noTriggers],
    [
      'secret@h?dbname=films',
      `names the database by dbname=, which the driver ignores; write it behind the host, like ${form}.`,
    ],
    [
      'secret@h/films?pgbouncer=true',
      'says pgbouncer=true, but the migrations lock and the relay listens, which needs connections that stay; ' +
        'name the server itself, or a pooler that keeps one for each session, and leave pgbouncer= out.',
    ],
    [
      'secret@h/films?replication=database',
      'has replication= in it, with which no statement of Corral works; leave it out.',
    ],
    [
      'secret@h/films?binary=true',
      'has binary= in it, with which no statement of Corral works; leave it out.',
    ],
    [
      'secret@h/films?client_encoding=LATIN1',
      'asks for another client_encoding than UTF8, which is all that the driver reads; leave it out.',
    ],
    [
      'secret@h/films?connection_limit=0',
      'asks for connection_limit=0, which must be a whole number from 1 to 9999.',
    ],
    [
      'secret@h1:5432,h2:5432/films',
      `names several hosts, of which the driver knows nothing; name one, which is the primary, like ${form}.`,
    ],
    [
      '12#secret@h/films',
      'has a # in it, which ends a URL; percent-encode special characters of the password, # as %23.',
    ],
    [
      '12/secret@h/films',
      'has a / before its @, where the host ends; percent-encode special characters of the password, / as %2F.',
    ],
    [
      '12?secret@h/films',
      'has a ? before its @, where the options begin; percent-encode special characters of the password, ? as %3F.',
    ],
    [
      '12?schema=secret@h/films',
      'has a ? before its @, where the options begin; percent-encode special characters of the password, ? as %3F.',
    ],
  ])('when it is postgresql://a:%s', async (rest, sentence) => {
    expect(await refusal(`postgresql://a:${rest}`)).toBe(`DATABASE_URL ${sentence}`);
    expect(sentence).not.toContain('secret');
  });

  it.each([
    'schema=public',
    'options=-c%20search_path%3Dpublic',
    'options=-c%20statement_timeout%3D5s%20-c%20session_replication_role%3Dorigin',
    'options=project%3Dfilms',
    'sslmode=require&channel_binding=require',
    'pgbouncer=false&client_encoding=utf8&connection_limit=5',
    'host=/run/postgresql',
  ])('and not for ?%s', (parameters) => {
    expect(parseDatabaseUrl(`postgresql://a:b,c%2F@h/films?${parameters}`).hostname).toBe('h');
  });

  it('when nobody listens', async () => {
    const port = await freePort();
    expect(await refusal(`postgresql://a:secret@127.0.0.1:${port}/films`)).toBe(
      `PostgreSQL at 127.0.0.1:${port} refuses connections; start it, correct DATABASE_URL, ` +
        'or unset it to use the embedded database.',
    );
  });

  it('when something else than PostgreSQL listens', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    expect(await refusal(`postgresql://a:secret@127.0.0.1:${port}/films`)).toBe(
      `PostgreSQL at 127.0.0.1:${port} closed the connection at once; ` +
        'check that a PostgreSQL server listens there.',
    );
  });

  it('when nothing answers in time', () => {
    const cause = new Error('Connection terminated due to connection timeout');
    const url = new URL('postgresql://a:secret@films.example/films');
    expect(connectionFault(cause, url, { connectMs: 5000 }).message).toBe(
      'PostgreSQL at films.example:5432 did not answer within 5000 ms; check the host, the port and the firewall.',
    );
  });

  it('when the server is too old', () => {
    expect(() => requireVersion('13.16')).toThrow(
      'The server of DATABASE_URL runs PostgreSQL 13.16, but Corral needs version 14 or later.',
    );
    expect(() => requireVersion('14.0 (Debian)')).not.toThrow();
  });
});

describe.skipIf(!needsPostgres())('a PostgreSQL server', () => {
  let server: PrivatePostgres;
  const at = (change: (url: URL) => void): string => {
    const url = new URL(server.url);
    change(url);
    return url.href;
  };
  const address = () => new URL(server.url).host;

  beforeAll(async () => {
    server = await privatePostgres();
  });
  afterAll(() => server.stop());

  it('that refuses the password is told by user, not by password', async () => {
    expect(await refusal(at((url) => (url.password = 'secret')))).toBe(
      `PostgreSQL at ${address()} refused the password of user postgres; correct it in DATABASE_URL.`,
    );
  });

  it('that has no such database says how to make it', async () => {
    expect(await refusal(at((url) => (url.pathname = '/films')))).toBe(
      `PostgreSQL at ${address()} has no database "films"; ` +
        'create it with `createdb films` or correct DATABASE_URL.',
    );
  });

  it('that sets another search path for the user, or switches triggers off, says so', async () => {
    const owner = await connect(server.url);
    onTestFinished(() => owner.close());
    await owner.pool.query(`CREATE ROLE elsewhere LOGIN SUPERUSER PASSWORD 'secret'`);
    onTestFinished(
      async () => void (await owner.pool.query('DROP SCHEMA IF EXISTS elsewhere; DROP ROLE elsewhere')),
    );
    const url = at((one) => ([one.username, one.password] = ['elsewhere', 'secret']));
    const rest = `but Corral's tables live in the schema "public"; set the search_path of this user to public.`;
    // The default search path begins with the schema that bears the name of the user.
    await owner.pool.query('CREATE SCHEMA elsewhere');
    expect(await refusal(url)).toBe(
      `PostgreSQL at ${address()} finds tables in the schema "elsewhere" first, ${rest}`,
    );
    await owner.pool.query('ALTER ROLE elsewhere SET search_path TO nowhere');
    expect(await refusal(url)).toBe(`PostgreSQL at ${address()} finds no schema at all, ${rest}`);
    await owner.pool.query('ALTER ROLE elsewhere SET search_path TO public');
    await owner.pool.query('ALTER ROLE elsewhere SET session_replication_role TO replica');
    expect(await refusal(url)).toBe(
      `PostgreSQL at ${address()} has session_replication_role = replica for this user, with which no trigger writes down what changes; reset it.`,
    );
    await owner.pool.query('ALTER ROLE elsewhere RESET session_replication_role');
    await (await connect(url)).close();
  });

  it('answers Prisma and SQL over one pool that carries our name', async () => {
    const database = await connect(`${server.url}?schema=public`);
    await database.ping();
    expect(database.kind).toBe('postgresql');
    const sql = 'SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE pid = pg_backend_pid()';
    expect(await database.prisma.$queryRawUnsafe(sql)).toEqual([{ name: 'corral' }]);
    expect((await database.pool.query(sql)).rows).toEqual([{ name: 'corral' }]);
    await database.close();
    await database.close();
    await expect(database.ping()).rejects.toThrow();
  });

  it('is given no more connections than connection_limit says, and what is ignored is told', async () => {
    const log = testLog();
    const databaseUrl = `${server.url}?connection_limit=2&pool_timeout=3&connect_timeout=4`;
    const database = await connectDatabase({ databaseUrl, dataDirectory: '/nowhere', log });
    onTestFinished(() => database.close());
    await Promise.all(Array.from({ length: 8 }, () => database.pool.query('SELECT 1')));
    expect(database.pool.totalCount).toBe(2);
    expect(log.lines).toEqual([
      'warn DATABASE_URL has pool_timeout and connect_timeout in it, which are ignored: a connection is waited for up to 5000 ms, which DATABASE_CONNECT_MS sets; leave them out.',
    ]);
  });

  it('applies its migrations over a single connection', async () => {
    const database = await connect(`${server.url}?connection_limit=1`);
    onTestFinished(() => database.close());
    await applyMigrations({ pool: database.pool, log: testLog() });
    expect(await database.prisma.movie.count()).toBe(0);
  });

  it('lets a transaction wait for a connection for as long as a statement may', async () => {
    const database = await connect(`${server.url}?connection_limit=1`);
    onTestFinished(() => database.close());
    const held = await database.pool.connect();
    const transaction = database.prisma.$transaction((tx) => tx.$queryRaw`SELECT 1 AS one`);
    // Prisma's own limit is two seconds.
    setTimeout(() => held.release(), 2100);
    expect(await transaction).toEqual([{ one: 1 }]);
  });

  it('says of a transaction that got no connection which table had none left', async () => {
    const databaseUrl = `${server.url}?connection_limit=4`;
    // Those that are held must be made within that time.
    const limits = { connectMs: 1500, statementMs: 1000 };
    const database = await connectDatabase({
      databaseUrl,
      dataDirectory: '/nowhere',
      log: testLog(),
      limits,
    });
    onTestFinished(() => database.close());
    const ofFilms = <T>(work: () => Promise<T>): Promise<T> => database.forTable('Movie', work);
    const held = await Promise.all([1, 2].map(() => ofFilms(() => database.pool.connect())));
    const transaction = ofFilms(() => database.prisma.$transaction((tx) => tx.$queryRaw`SELECT 1`));
    await expect(transaction).rejects.toThrow(
      'No connection to PostgreSQL became free for Movie within 1500 ms.',
    );
    for (const client of held) client.release();
  });

  it('leaves a transaction the time that its connection and two statements may take, and no limit without theirs', () => {
    expect(transactionLimits({ connectMs: 5000, statementMs: 10_000 })).toEqual({
      maxWait: 21_000,
      timeout: 20_000,
    });
    const none = 2 ** 31 - 1;
    expect(transactionLimits(undefined)).toEqual({ maxWait: none, timeout: none });
  });

  it('has its first statements counted too', async () => {
    const database = await connect(server.url);
    onTestFinished(() => database.close());
    const before = database.statements();
    await database.pool.query('SELECT 1');
    expect(database.statements() - before).toBe(1);
  });

  it('may break an idle connection without ending the process', async () => {
    const log = testLog();
    const database = await connectDatabase({ databaseUrl: server.url, dataDirectory: '/nowhere', log });
    const lost = once(database.pool, 'error');
    const other = await connect(server.url);
    await database.pool.query('SELECT 1');
    await other.pool.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL',
    );
    await lost;
    expect(log.lines).toContainEqual(
      expect.stringContaining('warn A database connection was lost while idle: terminating connection'),
    );
    await database.ping();
    await Promise.all([database.close(), other.close()]);
  });
});
