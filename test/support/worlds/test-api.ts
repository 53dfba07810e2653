import { postQuery, type PostOptions } from './post-query.js';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { type Api, type ApiParts, startApi } from '../../../src/start/api.js';
import { type Config, readConfig } from '../../../src/config.js';
import { applyMigrations } from '../../../src/database/apply-migrations.js';
import type { Database } from '../../../src/database/database.js';
import { copiedDatabase } from '../servers/copied-database.js';
import { fillFixture, fixturePassword } from './film-fixture.js';
import { testLog } from '../test-log.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // What a test expects of an answer is the test's to say.
  readonly data: unknown;
  readonly errors: readonly AnswerError[];
  readonly extensions: unknown;
}

export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: Readonly<Record<string, unknown>>;
}

export interface TestApi extends Api {
  /** The lines of the log, as JSON texts. */
  readonly logged: string[];
  ask(query: string, options?: PostOptions): Promise<Answer>;
  /** A token for a user of the fixture. */
  signIn(email: string): Promise<string>;
}

export interface TestApiOptions {
  /** Variables, beside those of every test. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly config?: Partial<Config>;
  readonly clock?: ApiParts['clock'];
  /** Default: the one that the settings name. */
  readonly store?: ApiParts['store'];
  /** Default: a new one in memory, with the fixture. */
  readonly openDatabase?: () => Promise<Database>;
}

/** The prober, and what is kept warm, would ask the database when nobody expects it. */
export const quiet = { CACHE_PROBE: 'off', CACHE_PREFETCH: 'off' };

/** The whole API in this process, on a port of its own and a database in memory. */
export async function testApi({
  config,
  settings,
  clock,
  store,
  openDatabase,
}: TestApiOptions = {}): Promise<TestApi> {
  const logged: string[] = [];
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(chunk.toString());
      done();
    },
  });
  const api = await startApi(
    { ...readConfig({ NODE_ENV: 'test', PORT: '0', ...quiet, ...settings }), ...config },
    {
      log: pino({ level: 'debug' }, lines),
      openDatabase: openDatabase ?? fixtureDatabase,
      ...(clock === undefined ? {} : { clock }),
      ...(store === undefined ? {} : { store }),
    },
  );
  const ask = (query: string, options?: PostOptions): Promise<Answer> => post(api.url, query, options);
  return { ...api, logged, ask, signIn: (email) => signIn(ask, email) };
}

/** A database in memory with the fixture in it. */
export function fixtureDatabase(): Promise<Database> {
  return copiedDatabase('fixture', async ({ pool, prisma }) => {
    await applyMigrations({ pool, log: testLog() });
    await fillFixture(prisma);
  });
}

async function post(url: string, query: string, options: PostOptions = {}): Promise<Answer> {
  const response = await postQuery(url, query, options);
  const body = (await response.json()) as Partial<Answer>;
  const { data, errors = [], extensions } = body;
  return { status: response.status, headers: response.headers, data, errors, extensions };
}

async function signIn(ask: TestApi['ask'], email: string): Promise<string> {
  const { data } = await ask(
    'mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { token } }',
    { variables: { email, password: fixturePassword } },
  );
  return tokenOf(data, 'signIn');
}

/** The token in the answer of signIn or signUp. */
export function tokenOf(data: unknown, field: string): string {
  const result: unknown = Reflect.get(Object(data), field);
  const token: unknown = Reflect.get(Object(result), 'token');
  if (typeof token !== 'string') throw new Error(`The answer has no token: ${JSON.stringify(data)}`);
  return token;
}
