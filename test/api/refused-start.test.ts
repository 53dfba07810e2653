import { once } from 'node:events';
import { createServer } from 'node:net';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startApi } from '../../src/start/api.js';
import { readConfig } from '../../src/config.js';
import { ConfigurationError } from '../../src/start/configuration-error.js';
import type { Database } from '../../src/database/database.js';
import { freePort } from '../support/free-port.js';
import { memoryDatabase } from '../support/servers/memory-database.js';
import { fixtureDatabase } from '../support/worlds/test-api.js';

/** Starts the API, which fails; the answer is why, and what was logged from `warn` on. */
async function refusedStart(port: number, openDatabase: () => Promise<Database>) {
  const logged: string[] = [];
  const lines = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged.push(String(Reflect.get(Object(JSON.parse(chunk.toString())), 'msg')));
      done();
    },
  });
  const config = readConfig({ NODE_ENV: 'test', PORT: String(port), HOST: '127.0.0.1' });
  const reason: unknown = await startApi(config, { log: pino({ level: 'warn' }, lines), openDatabase }).catch(
    (error: unknown) => error,
  );
  return { reason, logged };
}

async function takePort(port: number): Promise<void> {
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
}

describe('a start that is refused', () => {
  it('at its last step says so, and nothing of what is kept warm', async () => {
    const port = await freePort();
    const { reason, logged } = await refusedStart(port, async () => {
      // After the port was tried, and while entries are warmed up.
      await takePort(port);
      return fixtureDatabase();
    });
    expect(reason).toEqual(
      new ConfigurationError(
        `Port ${port} of 127.0.0.1 is taken by another program; stop it, or set PORT to a free one.`,
      ),
    );
    expect(logged).toEqual([]);
  });

  it('by a port that is taken opens no database', async () => {
    const port = await freePort();
    await takePort(port);
    let opened = 0;
    const { reason } = await refusedStart(port, () => {
      opened += 1;
      return memoryDatabase();
    });
    expect(reason).toBeInstanceOf(ConfigurationError);
    expect(opened).toBe(0);
  });

  it('gives its reason also where what was opened cannot be closed, which is logged', async () => {
    const { reason, logged } = await refusedStart(0, async () => {
      const database = await memoryDatabase();
      await database.close();
      return { ...database, close: () => Promise.reject(new Error('it is gone')) };
    });
    expect(reason).not.toBeInstanceOf(AggregateError);
    expect(logged).toEqual([
      'A start that was refused left something open: Not everything could be closed: the database (it is gone).',
    ]);
  });
});
