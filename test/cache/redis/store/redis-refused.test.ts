import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createCache } from '../../../../src/cache/index.js';
import { redisStore } from '../../../../src/cache/redis/index.js';
import { cacheLog } from '../../../support/cache-log.js';
import { needsRedis } from '../../../support/needs.js';
import { privateRedis, type PrivateRedis } from '../../../support/private-redis.js';
import { expectTime } from '../../../support/run/expect-time.js';

const SECRET = 'correct-horse-battery';
const WRONG_SECRET = 'staple-me-to-the-log';

/** What start() says of the server at this URL; everything it says and logs is searched for secrets. */
async function startAt(url: string): Promise<string> {
  const log = cacheLog();
  const store = redisStore(new Redis(url, { lazyConnect: true }), { prefix: 'films' });
  const cache = createCache({ store, log, environment: 'test' });
  onTestFinished(() => cache.close());
  const outcome: unknown = await cache.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  const everything = [String(outcome), ...log.lines].join('\n');
  expect(everything).not.toContain(SECRET);
  expect(everything).not.toContain(WRONG_SECRET);
  if (outcome === undefined) return log.lines.length === 0 ? 'started' : `started: ${log.lines.join('; ')}`;
  expect(outcome).toMatchObject({ name: 'CacheError', code: 'CACHE_STORE_REFUSED' });
  const { message } = outcome as Error;
  expect(message.split('\n')).toHaveLength(1);
  return message;
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Says that it is an old Redis, and nothing else. */
function oldRedis(version: string): Server {
  const info = `# Server\r\nredis_version:${version}\r\nrun_id:0123456789abcdef\r\n`;
  return createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      // Several may come at once.
      const asked = chunk.toString('latin1').match(/info/gi)?.length ?? 0;
      socket.write(asked > 0 ? `$${info.length}\r\n${info}\r\n`.repeat(asked) : '+OK\r\n');
    });
  });
}

describe('start() refuses, with one sentence that names the mend,', () => {
  it('what is not a Redis server', async () => {
    const http = createHttpServer((_, response) => void response.end('hello'));
    expect(await startAt(await listening(http))).toMatch(/not a Redis server.*host and port/);
  });

  it.each(['5.0.14', '6.0.16', '2.8.0'])('a Redis that is too old: %s', async (version) => {
    const url = await listening(oldRedis(version));
    expect(await startAt(url)).toMatch(new RegExp(`version ${version}.*6\\.2 or later`));
  });
});

describe.skipIf(!needsRedis())('start() refuses a Redis that', () => {
  let server: PrivateRedis;
  let admin: Redis;

  beforeAll(async () => {
    server = await privateRedis('--requirepass', SECRET);
    admin = new Redis(server.url, { password: SECRET });
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  const urlWith = (credentials: string): string => server.url.replace('//', `//${credentials}@`);
  /** A user who may do everything except for what these rules take away, on a server that knows no script yet. */
  async function startAs(...rules: string[]): Promise<string> {
    await admin.script('FLUSH');
    await admin.call('ACL', 'SETUSER', 'films', 'reset', 'on', `>${SECRET}`, '~*', '&*', '+@all', ...rules);
    return startAt(urlWith(`films:${SECRET}`));
  }

  it('asks for a password and is given none', async () => {
    expect(await startAt(server.url)).toMatch(/asks for a password.*URL/);
  });

  it('does not know the password', async () => {
    expect(await startAt(urlWith(`:${WRONG_SECRET}`))).toMatch(/refuses this user name and password/);
  });

  it('does not know the user', async () => {
    expect(await startAt(urlWith(`nobody:${SECRET}`))).toMatch(/refuses this user name and password/);
  });

  it.each([
    'mget',
    'get',
    'set',
    'del',
    'pexpire',
    'pttl',
    'evalsha',
    'eval',
    'publish',
    'subscribe',
    'info',
  ])('forbids the command %s', async (command) => {
    expect(await startAs(`-${command}`)).toMatch(/does not let this user.*grant/);
  });

  it('forbids the keys of its prefix', async () => {
    expect(await startAs('resetkeys', '~actors:*')).toMatch(/does not let this user.*grant.*key/);
  });

  it('forbids the channel of its prefix', async () => {
    expect(await startAs('resetchannels', '&actors:*')).toMatch(/does not let this user.*grant.*channel/);
  });

  it('has no such database', async () => {
    expect(await startAt(`${urlWith(`:${SECRET}`)}/99`)).toMatch(/no database of the number/);
  });

  it('would not be refused, if it allowed everything', async () => {
    expect(await startAs()).toBe('started');
  });
});

describe('start() is content with a server that', () => {
  it('accepts connections and says nothing: it is away', async () => {
    const startedAtMs = performance.now();
    const silent = createServer((socket) => void socket.on('error', () => undefined));
    expect(await startAt(await listening(silent))).toMatch(/^started: warn the store is away/);
    expectTime(performance.now() - startedAtMs).toBeLessThan(3000);
  });
});
