import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { packageRoot } from '../../src/start/package-root.js';
import { folderWithData } from '../support/servers/folder-with-data.js';
import { freePort } from '../support/free-port.js';
import { needsRedis } from '../support/needs.js';
import { privateRedis } from '../support/private-redis.js';
import { startProgram } from '../support/processes/program.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// Some of the starts make a new database, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

/** Without demo data, which would take longer than all the rest. */
const quick = { NODE_ENV: 'test', PORT: '0' };
const ready = /Corral is ready\.\n {2}API +(\S+)/;

describe('the program', () => {
  it('tells what it is for, and its version', async () => {
    const folder = await temporaryFolder();
    const help = await startProgram({ folder, parameters: ['--help'] }).ended();
    expect(help).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('Usage: npm start') });
    const version = await startProgram({ folder, parameters: ['--version'] }).ended();
    const manifest = readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
    expect(version).toMatchObject({ code: 0, stdout: `${/"version": "(.+)"/.exec(manifest)?.[1]}\n` });
  });

  it('answers, and names what it stands on', async () => {
    const program = startProgram({ folder: await folderWithData(), environment: quick });
    const [, url = ''] = await program.prints(ready);
    const body = JSON.stringify({ query: '{ movie(id: 1) { title } }' });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body });
    expect(await answer.json()).toEqual({ data: { movie: null } });
    expect(program.printed()).toMatch(
      /Database +embedded PostgreSQL in \.data\n +Cache +memory, at most 100000/,
    );
    expect(program.printed()).not.toContain('@corral.example');
  });

  it('names the demo accounts in development, which can sign in', async () => {
    const program = startProgram({ folder: await temporaryFolder(), environment: { PORT: '0' } });
    const [, email = '', password = ''] = await program.prints(
      /Account +(editor\S+), password (\S+) \(EDITOR\)/,
    );
    const [, url = ''] = await program.prints(ready);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        query:
          'mutation ($email: String!, $password: String!) { signIn(email: $email, password: $password) { user { role } } }',
        variables: { email, password },
      }),
    });
    expect(await response.json()).toEqual({ data: { signIn: { user: { role: 'EDITOR' } } } });
  });

  it('reads .env where it is started, and what the shell says wins', async () => {
    const folder = await folderWithData({
      '.env': 'NODE_ENV=test\nPORT=nonsense\nCACHE_MAX_ENTRIES=77\n',
    });
    const program = startProgram({ folder, environment: { PORT: '0' } });
    await program.prints(ready);
    await program.prints(/Cache +memory, at most 77 entries/);
  });
});

describe('the program does not start, and says in one sentence what to change,', () => {
  it.each<[title: string, environment: Record<string, string>, stderr: string | RegExp]>([
    ['with a bad PORT', { PORT: 'http' }, 'PORT must be a whole number from 0 to 65535, but is "http".\n'],
    [
      'with two faults',
      { PORT: '-1', CACHE_EVICTION: 'x' },
      'PORT must be a whole number from 0 to 65535, but is "-1".\nCACHE_EVICTION must be one of s3-fifo, lru, lfu, ttl, but is "x".\n',
    ],
    [
      'with a DATABASE_URL of another database',
      { DATABASE_URL: 'mysql://root:secret@localhost/films' },
      /^DATABASE_URL must begin with postgresql:\/\/, but begins with mysql:\/\/; [^\n]+\n$/,
    ],
    [
      'with a REDIS_URL whose password is not encoded',
      { REDIS_URL: 'redis://films:12#secret@localhost' },
      'REDIS_URL has a # in it, which ends a URL; percent-encode special characters of the password, # as %23.\n',
    ],
    [
      'with a HOST of another machine',
      { ...quick, HOST: '192.0.2.1' },
      'HOST 192.0.2.1 is not an address of this machine; set it to 127.0.0.1 or 0.0.0.0.\n',
    ],
  ])('%s', async (_title, environment, stderr) => {
    const ended = await startProgram({ folder: await temporaryFolder(), environment }).ended();
    expect(ended.code).toBe(1);
    expect(ended.stderr).toEqual(typeof stderr === 'string' ? stderr : expect.stringMatching(stderr));
    expect(ended.stdout + ended.stderr).not.toContain('secret');
  });

  it('with an option that does not exist', async () => {
    const ended = await startProgram({ folder: await temporaryFolder(), parameters: ['--port=1'] }).ended();
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr: 'The option --port=1 is not known; --help shows what there is.\n',
    });
  });

  it('where no PostgreSQL answers', async () => {
    const port = await freePort();
    const environment = { ...quick, DATABASE_URL: `postgresql://corral:secret@127.0.0.1:${port}/films` };
    const ended = await startProgram({ folder: await temporaryFolder(), environment }).ended();
    expect(ended).toEqual({
      code: 1,
      // In particular nothing of what is kept warm, which had begun and could not go on.
      stdout: '',
      stderr: `PostgreSQL at 127.0.0.1:${port} refuses connections; start it, correct DATABASE_URL, or unset it to use the embedded database.\n`,
    });
  });

  it.skipIf(!needsRedis())('where Redis asks for a password', async () => {
    const redis = await privateRedis('--requirepass', 'secret');
    onTestFinished(() => redis.stop());
    const ended = await startProgram({
      folder: await temporaryFolder(),
      environment: { ...quick, REDIS_URL: redis.url },
    }).ended();
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `redisStore: Redis at 127.0.0.1:${redis.port} asks for a password; put it into the URL, redis://user:password@host:port\n`,
    });
  });

  it('with variables that are no settings, whose values are not shown', async () => {
    const environment = { ...quick, JOURNAL_DURABILTY: 'always', REDIS_PASSWORD: 'secret' };
    const ended = await startProgram({ folder: await temporaryFolder(), environment }).ended();
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'JOURNAL_DURABILTY is not a setting; did you mean JOURNAL_DURABILITY? Correct its name, or unset it.\n' +
        'REDIS_PASSWORD is not a setting; unset it, or use one of REDIS_URL, REDIS_PREFIX, REDIS_TLS_CA, REDIS_TLS_CERT, REDIS_TLS_KEY.\n',
    });
  });

  it('where the port is taken, before anything is opened', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const folder = await temporaryFolder();
    const ended = await startProgram({ folder, environment: { ...quick, PORT: String(port) } }).ended();
    expect(ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `Port ${port} of 127.0.0.1 is taken by another program; stop it, or set PORT to a free one.\n`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('where another process uses the data, which goes on as before', async () => {
    const folder = await folderWithData();
    const first = startProgram({ folder, environment: quick });
    const [, url = ''] = await first.prints(ready);
    const second = await startProgram({ folder, environment: quick }).ended();
    expect(second.code).toBe(1);
    expect(second.stderr).toBe(
      `The data directory .data is in use by process ${first.child.pid}; stop it or set DATABASE_URL to a PostgreSQL server.\n`,
    );
    expect((await fetch(url.replace('graphql', 'healthz'))).status).toBe(200);
  });
});
