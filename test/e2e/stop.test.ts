import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { highestLock, readHolder } from '../../src/database/lock/lock-files.js';
import { folderWithData } from '../support/servers/folder-with-data.js';
import { expectTime } from '../support/run/expect-time.js';
import { startProgram } from '../support/processes/program.js';
import { freePort } from '../support/free-port.js';
import { needsPostgres, needsRedis } from '../support/needs.js';
import { privatePostgres } from '../support/private-postgres.js';
import { tcpProxy } from '../support/servers/tcp-proxy.js';
import { workerRedis } from '../support/servers/worker-redis.js';
import { temporaryFolder } from '../support/temporary-folder.js';

// Each start opens a database, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 300_000 });

const quick = { NODE_ENV: 'test', PORT: '0' };
const ready = /Corral is ready\.\n {2}API +(\S+)/;

/** A connection that keeps all it has read. */
async function openSocket(url: URL): Promise<{ socket: Socket; reads(pattern: RegExp): Promise<string> }> {
  const socket = connect(Number(url.port), url.hostname);
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'connect');
  return {
    socket,
    async reads(pattern) {
      while (!pattern.test(text)) await once(socket, 'data');
      return text;
    },
  };
}

describe('a signal', () => {
  it.each([
    ['SIGINT', temporaryFolder],
    ['SIGTERM', folderWithData],
  ] as const)('%s ends the program with 0, and its data can be used again', async (signal, newFolder) => {
    const folder = await newFolder();
    for (let start = 1; start <= 2; start += 1) {
      const program = startProgram({ folder, environment: quick });
      const [, url = ''] = await program.prints(ready);
      // Leaves an idle connection behind, which must not hold up the end.
      await (await fetch(url.replace('graphql', 'healthz'))).text();
      program.child.kill(signal);
      expect(await program.ended()).toMatchObject({ code: 0, stderr: '' });
    }
  });

  it('lets a request that is under way finish first', async () => {
    const program = startProgram({ folder: await folderWithData(), environment: quick });
    const [, text = ''] = await program.prints(ready);
    const url = new URL(text);
    const { socket, reads } = await openSocket(url);
    const body = JSON.stringify({ query: '{ movie(id: 1) { title } }' });
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
    );
    await reads(/100 Continue/);
    program.child.kill('SIGTERM');
    await program.prints(/Stopping: requests under way are answered first/);
    socket.write(body);
    expect(await reads(/\}\}\n$/)).toMatch(/HTTP\/1\.1 200 OK[^]*\{"data":\{"movie":null\}\}\n$/);
    expect(await program.ended()).toMatchObject({ code: 0 });
  });

  it('is not held up by clients that have sent half of a request, and everything is closed', async () => {
    const folder = await folderWithData();
    const environment = { ...quick, METRICS_PORT: String(await freePort()) };
    const program = startProgram({ folder, environment });
    const [, text = ''] = await program.prints(ready);
    const api = new URL(text);
    for (const port of [api.port, environment.METRICS_PORT]) {
      const { socket } = await openSocket(new URL(`http://${api.hostname}:${port}`));
      socket.write(`POST /graphql HTTP/1.1\r\nHost: ${api.host}\r\nContent-Type: application/json\r\n`);
      socket.write('Content-Length: 100\r\n\r\n{"query"');
    }
    const { socket } = await openSocket(api);
    socket.write('GET /hea');
    // Connections are accepted in order: what the program has been sent before is there.
    await (await fetch(new URL('/healthz', api))).text();
    const sinceMs = performance.now();
    program.child.kill('SIGTERM');
    expect(await program.ended()).toMatchObject({ code: 0, stderr: '' });
    const tookMs = performance.now() - sinceMs;
    const data = path.join(folder, '.data');
    expect(await readHolder(data, await highestLock(data))).toBe(null);
    expectTime(tookMs).toBeLessThan(6_000);
  });

  it('that npm hands on once more is the same wish, and ends the program with 0', async () => {
    const program = startProgram({ folder: await folderWithData(), environment: quick });
    await program.prints(ready);
    program.child.kill('SIGINT');
    await program.prints(/Stopping/);
    program.child.kill('SIGINT');
    expect(await program.ended()).toMatchObject({ code: 0 });
  });

  it('that comes again a second later ends the program at once, with 1', async () => {
    const program = startProgram({ folder: await folderWithData(), environment: quick });
    const [, text = ''] = await program.prints(ready);
    const url = new URL(text);
    const { socket, reads } = await openSocket(url);
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: 100\r\nExpect: 100-continue\r\n\r\n`,
    );
    await reads(/100 Continue/);
    program.child.kill('SIGTERM');
    await program.prints(/Stopping/);
    // Sooner than the bound of ten seconds, which would end it with 1 as well.
    await expect
      .poll(() => program.child.kill('SIGTERM') && program.child.exitCode, { timeout: 5_000, interval: 100 })
      .toBe(false);
    expect(await program.ended()).toMatchObject({ code: 1 });
  });
});

describe.skipIf(!needsPostgres())('a signal while the program starts', () => {
  it('is heeded once the demo data is written, whole, and ends the program with 0', async () => {
    const postgres = await privatePostgres();
    onTestFinished(() => postgres.stop());
    const databaseUrl = await postgres.createDatabase();
    const other = new pg.Client({ connectionString: databaseUrl });
    await other.connect();
    onTestFinished(() => other.end());
    const numberOf = async (query: string): Promise<unknown> => {
      const { rows } = await other.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${query}`);
      return rows[0]?.count;
    };
    // As another process that writes the demo data; this one waits for it in the middle of its start.
    await other.query('SELECT pg_advisory_lock(72707370)');
    const program = startProgram({
      folder: await temporaryFolder(),
      environment: { PORT: '0', DATABASE_URL: databaseUrl },
    });
    const waiting = () => numberOf("pg_locks WHERE locktype = 'advisory' AND NOT granted");
    await expect.poll(waiting, { timeout: 30_000, interval: 20 }).toBe(1);
    program.child.kill('SIGTERM');
    await program.prints(/Stopping/);
    expect(await numberOf('"Movie"')).toBe(0);
    await other.query('SELECT pg_advisory_unlock(72707370)');
    expect(await program.ended()).toMatchObject({ code: 0, stderr: '' });
    expect([await numberOf('"Movie"'), await numberOf('"User"')]).toEqual([3200, 2000]);
    // The server notices a client that is gone while it waits for rows within half a second.
    const connections = () =>
      numberOf("pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
    await expect.poll(connections, { timeout: 5000, interval: 50 }).toBe(0);
  });
});

describe.skipIf(!needsRedis())('a signal while the store is opened', () => {
  it('ends the program with 0, and gives the data directory back', async () => {
    const redis = await workerRedis();
    const proxy = await tcpProxy(redis.port);
    proxy.set({ blackHole: 'both' });
    const folder = await folderWithData();
    const program = startProgram({
      folder,
      environment: { ...quick, REDIS_URL: `redis://127.0.0.1:${proxy.port}` },
    });
    await expect.poll(() => proxy.clients, { timeout: 30_000, interval: 10 }).toBeGreaterThan(0);
    program.child.kill('SIGTERM');
    expect(await program.ended()).toMatchObject({ code: 0, stderr: '' });
    const data = path.join(folder, '.data');
    expect(await readHolder(data, await highestLock(data))).toBe(null);
  });
});
