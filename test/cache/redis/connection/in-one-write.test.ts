import { describe, expect, it } from 'vitest';
import { inOneEarlyWrite } from '../../../../src/cache/redis/connection/in-one-write.js';
import { luaScript, runScript } from '../../../../src/cache/redis/connection/lua-script.js';
import { needsRedis } from '../../../support/needs.js';
import { useWorkerRedis } from '../../../support/servers/worker-redis.js';

const one = luaScript('return 1');
const calls = Array.from({ length: 20 }, () => ({ keys: [], args: [] }));

describe.skipIf(!needsRedis())('what a connection is sent in one turn', () => {
  const server = useWorkerRedis();

  /** How often Redis was given something to read. */
  async function reads(): Promise<number> {
    return Number(/total_reads_processed:(\d+)/.exec(await server.redis.info('stats'))?.[1]);
  }

  async function readsOf(work: () => Promise<unknown>): Promise<number> {
    await runScript(server.redis, one, [{ keys: [], args: [] }]);
    const before = await reads();
    await work();
    // The second look is one as well.
    return (await reads()) - before - 1;
  }

  it('goes out in one write, whoever asks for it', async () => {
    const work = (): Promise<unknown> =>
      Promise.all([runScript(server.redis, one, calls), runScript(server.redis, one, calls)]);
    expect(await readsOf(work)).toBe(1);
  });

  it('is taken along by what a hit waits for, which waits for no other event', async () => {
    const { stream } = server.redis;
    let isHeld = true;
    const work = async (): Promise<void> => {
      const scripts = runScript(server.redis, one, calls);
      inOneEarlyWrite(server.redis);
      const read = server.redis.get('nothing');
      expect(stream.writableCorked).toBe(1);
      process.nextTick(() => (isHeld = stream.writableCorked > 0));
      await Promise.all([scripts, read]);
    };
    expect(await readsOf(work)).toBe(1);
    expect(isHeld).toBe(false);
    expect(stream.writableCorked).toBe(0);
  });
});
