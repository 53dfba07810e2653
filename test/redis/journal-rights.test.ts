import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { redisJournal } from '../../src/cache/redis/index.js';
import { type Journal } from '../../src/cache/index.js';
import { packageRoot } from '../../src/start/package-root.js';
import { cacheLog } from '../support/cache-log.js';
import { needsRedis } from '../support/needs.js';
import { type PrivateRedis, privateRedis } from '../support/private-redis.js';

const page = readFileSync(path.join(packageRoot, 'docs', 'write-behind.md'), 'utf8');
const rights = /^user corral on >choose-a-password (.+)$/m.exec(page)?.[1]?.split(' ') ?? [];
/** Needed by some declarations only, or by servers that this one is not. */
const optional = ['+config|get', '+wait', '+waitaof', '-@all', '~corral:*'];

describe.skipIf(!needsRedis())('the rights that docs/write-behind.md lists', () => {
  let redis: PrivateRedis;
  let admin: Redis;
  beforeAll(async () => {
    redis = await privateRedis('--appendonly', 'yes', '--appendfsync', 'always');
    admin = new Redis(redis.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });

  /** A journal whose Redis user is made anew, with these rights. */
  async function journalWith(
    given: string[],
  ): Promise<{ journal: Journal; lines: readonly string[]; open: () => Promise<void> }> {
    await admin.call('ACL', 'SETUSER', 'corral', 'reset', 'on', '>choose-a-password', ...given);
    // A server that knows the scripts already would not be sent their text.
    await admin.script('FLUSH');
    const url = `redis://corral:choose-a-password@127.0.0.1:${redis.port}/1`;
    const journal = redisJournal(new Redis(url, { lazyConnect: true }), {
      durability: 'always',
      storePrefix: 'corral',
    });
    onTestFinished(() => journal.close());
    const log = cacheLog();
    return { journal, lines: log.lines, open: async () => journal.open?.({ log }) };
  }

  it('are enough for everything that a journal does', async () => {
    // A server of this version has no WAITAOF, and does not know its name either.
    const { journal, open } = await journalWith(rights.filter((right) => right !== '+waitaof'));
    await admin.call('ACL', 'LOG', 'RESET');
    await open();
    const { seq } = await journal.accept({ key: 'Row:1', record: Buffer.from('one'), delayMs: 0 });
    await journal.claim({ limit: 10, forMs: 1000 });
    await journal.retry([{ key: 'Row:1', seq }], 0);
    await journal.bury({
      key: 'Row:1',
      seq,
      record: Buffer.from('one'),
      attempts: 1,
      error: '',
      buriedAtMs: 0,
    });
    expect(await journal.deadLetters()).toHaveLength(1);
    expect(await journal.replay('Row:1')).toBe('replayed');
    expect(await journal.pending(['Row:1'])).toMatchObject([{ seq }]);
    expect(await journal.restore?.([{ key: 'Row:1', seq, record: Buffer.from('one') }])).toBe(0);
    await journal.supersede([{ key: 'Row:1', seq }]);
    expect(await journal.size()).toMatchObject({ pending: 0, dead: 0 });
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
  });

  it.each(rights.filter((right) => !optional.includes(right)))(
    'without %s are too few: the journal is refused, and says why',
    async (right) => {
      const { open } = await journalWith(rights.filter((one) => one !== right && one !== '+waitaof'));
      await expect(open()).rejects.toMatchObject({
        code: 'CACHE_JOURNAL_REFUSED',
        message: expect.stringMatching(
          /redisJournal: .* does not let this user do what the cache needs .* that docs\/write-behind\.md lists/,
        ),
      });
    },
  );

  it('are needed after an outage as well: a right that is gone is told, and the journal away until it is back', async () => {
    const { journal, lines, open } = await journalWith(rights.filter((one) => one !== '+waitaof'));
    await open();
    const change = async (right: string): Promise<void> => {
      await admin.call('ACL', 'SETUSER', 'corral', right);
      await admin.call('CLIENT', 'KILL', 'USER', 'corral');
    };
    await change('-zrem');
    await expect
      .poll(() => lines.join('\n'), { timeout: 15_000 })
      .toMatch(/error redisJournal: .* does not let this user/);
    expect(journal.isAway()).toBe(true);
    await change('+zrem');
    await expect.poll(() => journal.isAway(), { timeout: 15_000 }).toBe(false);
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^warn the journal can be used again/);
  });

  it('name the keys', async () => {
    const given = rights.filter((one) => one !== '+waitaof');
    const { open } = await journalWith(given.map((one) => (one === '~corral:*' ? '~other:*' : one)));
    await expect(open()).rejects.toMatchObject({ code: 'CACHE_JOURNAL_REFUSED' });
  });
});
