import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { OUTBOX_CHANNEL } from '../../../src/cache/postgres/home.js';
import { listenForRows } from '../../../src/cache/postgres/listen-for-rows.js';
import { needsPostgres } from '../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-postgres.js';

/** What a pooler in transaction mode does with LISTEN. */
type Loses = 'nothing' | 'the session that said LISTEN' | 'messages between two transactions';

/** Stands for a pooler: it forwards all but what it loses. */
async function fakePooler(target: number): Promise<{ port: number; lose(what: Loses): void }> {
  let loses: Loses = 'nothing';
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1');
      const isLost = loses === 'the session that said LISTEN' && text.includes('LISTEN');
      upstream.write(
        isLost ? text.replace(`LISTEN ${OUTBOX_CHANNEL}`, 'SELECT 1           ') : bytes,
        'latin1',
      );
    });
    let held = Buffer.alloc(0);
    upstream.on('data', (bytes) => {
      held = Buffer.concat([held, bytes]);
      while (held.length >= 5 && held.length > held.readInt32BE(1)) {
        const message = held.subarray(0, held.readInt32BE(1) + 1);
        held = held.subarray(message.length);
        const isNotification = message.toString('latin1', 0, 1) === 'A';
        if (!isNotification || loses !== 'messages between two transactions') client.write(message);
      }
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, lose: (what) => (loses = what) };
}

describe.skipIf(!needsPostgres())('listening for rows', () => {
  let server: PrivatePostgres;
  let pool: pg.Pool;
  beforeAll(async () => {
    server = await privatePostgres();
    pool = new pg.Pool({ connectionString: server.url });
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  const send = (text: string): Promise<unknown> =>
    pool.query('SELECT pg_notify($1, $2)', [OUTBOX_CHANNEL, text]);

  async function listening(port: number) {
    const url = new URL(server.url);
    url.port = `${port}`;
    const told = { rows: 0, asked: 0, listening: [] as boolean[], warnings: [] as string[] };
    const stop = listenForRows(url.href, {
      onRows: () => void (told.rows += 1),
      onListening: (isListening) => void told.listening.push(isListening),
      send: (text) => {
        told.asked += 1;
        return send(text);
      },
      warn: (sentence) => void told.warnings.push(sentence),
      askEveryMs: 50,
      answersWithinMs: 200,
    });
    onTestFinished(stop);
    return told;
  }

  it('is told of rows once it was seen that messages arrive, and by no test of another listener', async () => {
    const { port } = await fakePooler(Number(new URL(server.url).port));
    const told = await listening(port);
    await expect.poll(() => told.listening).toEqual([true]);
    const before = told.rows;
    await send('test of another process');
    await send('');
    await expect.poll(() => told.rows).toBe(before + 1);
    expect(told.warnings).toEqual([]);
  });

  it.each<Loses>(['the session that said LISTEN', 'messages between two transactions'])(
    'behind a pooler that loses %s is told once, leaves it to polling, and begins when it hears again',
    async (what) => {
      const pooler = await fakePooler(Number(new URL(server.url).port));
      pooler.lose(what);
      const told = await listening(pooler.port);
      await expect.poll(() => told.warnings.length).toBe(1);
      expect(told.warnings[0]).toMatch(
        /^The connection that listens for writes hears nothing, as behind a pooler in transaction mode: .*`listenUrl`/,
      );
      expect([told.listening, told.rows]).toEqual([[], 0]);
      pooler.lose('nothing');
      await expect.poll(() => told.listening).toEqual([true]);
      await send('');
      await expect.poll(() => told.rows).toBe(2);
      expect(told.warnings).toHaveLength(1);
    },
  );
});
