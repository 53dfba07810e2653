import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openBackends } from '../../bench/compare/backends.js';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { freePort } from '../support/free-port.js';
import { temporaryFolder } from '../support/temporary-folder.js';

afterEach(() => vi.unstubAllEnvs());

async function refusal(redisUrl: string | undefined): Promise<unknown> {
  const closers: Closer[] = [];
  try {
    return await openBackends({ redisUrl, databaseUrl: undefined, tell: () => undefined, closers });
  } catch (error) {
    return error;
  } finally {
    await closeAll(closers);
  }
}

describe('a comparison whose Redis does not answer', () => {
  it('blames REDIS_URL where that names it', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    expect(String(await refusal(url))).toMatch(/^Error: the Redis that REDIS_URL names does not answer: /);
  });

  it('blames the server that it started itself otherwise', async () => {
    const silent = '#!/bin/sh\necho Ready to accept connections\nexec sleep 60\n';
    const folder = await temporaryFolder({ 'redis-server': silent });
    await chmod(path.join(folder, 'redis-server'), 0o755);
    vi.stubEnv('PATH', `${folder}${path.delimiter}${process.env['PATH']}`);
    expect(String(await refusal(undefined))).toMatch(/^Error: the Redis that was started does not answer: /);
  });
});
