import { setTimeout as passes } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createGate } from '../../../support/gate.js';
import { needsPostgres } from '../../../support/needs.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { expectTime } from '../../../support/run/expect-time.js';
import { tcpProxy } from '../../../support/servers/tcp-proxy.js';
import { FORGET, logWorld, told } from './log-world.js';

vi.setConfig({ testTimeout: 300_000 });

const isLong = process.env['ATTACKS'] === 'long';
const rows = isLong ? 1_000_000 : 30_000;
const tables = { Film: { table: 'films' } };
const making = 'CREATE TABLE films (id int PRIMARY KEY, made_by int, title text)';

describe.skipIf(!needsPostgres())('a log in trouble', () => {
  let server: PrivatePostgres;
  let admin: pg.Pool;
  beforeAll(async () => {
    server = await privatePostgres(
      'wal_level=logical',
      'max_wal_senders=40',
      'max_replication_slots=40',
      'min_wal_size=32MB',
    );
    admin = new pg.Pool({ connectionString: server.url, max: 1 });
  });
  afterAll(async () => {
    await admin.end();
    await server.stop();
  });

  async function world(options: { behindAtMostMb?: number; triggers?: 'apply' | 'check' } = {}) {
    const made = logWorld(await server.createDatabase());
    await made.pool.query(making);
    const { outbox, log } = await made.open({ tables, store: 'one', ...options });
    await told(outbox);
    const slot = async () => {
      const { rows: found } = await made.pool.query<{ slot: string; pid: number | null; confirmed: string }>(
        `SELECT slot_name AS slot, active_pid AS pid, confirmed_flush_lsn::text AS confirmed
         FROM pg_replication_slots WHERE database = current_database()`,
      );
      return found[0];
    };
    return { ...made, outbox, log, slot };
  }
  const set = async (setting: string) => {
    await admin.query(`ALTER SYSTEM SET ${setting}`);
    await admin.query('SELECT pg_reload_conf()');
  };

  it('that has a commit before others see it is not applied before they do', async () => {
    const { pool, url, outbox } = await world();
    await set(`synchronous_standby_names = 'nowhere'`);
    onTestFinished(() => set(`synchronous_standby_names = ''`));
    const writer = new pg.Client({ connectionString: url });
    await writer.connect();
    onTestFinished(() => writer.end());
    const waits = async () =>
      (await pool.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)).rowCount;
    await expect
      // Each session reads the settings anew for itself.
      .poll(async () => (await writer.query('SHOW synchronous_standby_names')).rows)
      .toEqual([{ synchronous_standby_names: 'nowhere' }]);
    const committed = writer.query(`INSERT INTO films VALUES (1)`);
    await expect.poll(waits).toBe(1);
    const seen: unknown[] = [];
    const telling = told(outbox, {
      onApply: async () => void seen.push((await pool.query('SELECT FROM films')).rowCount),
    });
    await passes(300);
    expect(seen).toEqual([]);
    await set(`synchronous_standby_names = ''`);
    await committed;
    expect(await telling).toEqual(['Film', 'Film:1']);
    expect(seen).toEqual([1]);
  });

  it.each(['one', undefined])(
    'that begins after a commit which others do not see yet is not believed before they do: store %s',
    async (store) => {
      const { pool, url, open } = logWorld(await server.createDatabase());
      await pool.query(making);
      // From now on no start changes anything.
      await open({ tables, store: 'another' });
      // Only the commits wait for a standby that ask for it.
      await set(`synchronous_commit = local`);
      onTestFinished(() => set(`synchronous_commit = on`));
      await set(`synchronous_standby_names = 'nowhere'`);
      onTestFinished(() => set(`synchronous_standby_names = ''`));
      const writer = async () => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        onTestFinished(() => client.end());
        return client;
      };
      const [first, second, third] = [await writer(), await writer(), await writer()];
      await third.query('SET synchronous_commit = on');
      const writes = async (client: pg.Client, id: number) => {
        await client.query('BEGIN');
        const { rows: written } = await client.query<{ xid: string }>(
          `INSERT INTO films VALUES (${id}) RETURNING pg_current_xact_id()::text AS xid`,
        );
        return written[0]?.xid;
      };
      const waits = (xid?: string) =>
        expect
          .poll(
            async () =>
              (await pool.query(`SELECT FROM pg_locks WHERE NOT granted AND transactionid::text = $1`, [xid]))
                .rowCount,
          )
          .toBe(1);
      // The slot is made in three steps, each of which waits for those that wrote when it began.
      const before = await writes(first, 2);
      const opening = Promise.all([open({ tables, store }), ...(store ? [open({ tables, store })] : [])]);
      await waits(before);
      const meanwhile = await writes(second, 3);
      await first.query('ROLLBACK');
      await waits(meanwhile);
      const committed = third.query('INSERT INTO films VALUES (1)');
      const waitsForStandby = async () =>
        (await pool.query(`SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)).rowCount;
      await expect.poll(waitsForStandby).toBe(1);
      await second.query('ROLLBACK');
      const seen: unknown[] = [];
      const onForget = async () => void seen.push((await pool.query('SELECT id FROM films')).rows);
      // Where the store has two processes, it is the one that did not make the slot.
      const outbox = (await opening).at(-1)?.outbox;
      const telling = outbox && told(outbox, { onForget });
      await passes(100);
      expect(seen).toEqual([]);
      await set(`synchronous_standby_names = ''`);
      await committed;
      expect(await telling).toEqual([FORGET]);
      expect(seen).toEqual([[{ id: 1 }]]);
    },
  );

  it('to which others write all the time is read in looks that end', async () => {
    const { pool, outbox } = await world();
    let id = 0;
    const write = async () => void (await pool.query('INSERT INTO films VALUES ($1)', [(id += 1)]));
    await write();
    let applied = 0;
    await told(outbox, {
      onApply: async () => {
        applied += 1;
        // What is written meanwhile is read meanwhile.
        if (applied < 10) for (let more = 0; more < 20; more += 1) await write();
      },
    });
    expect(applied).toBeLessThan(10);
    expect(await told(outbox)).toContain(`Film:${id}`);
  });

  it('is kept for no store that no process has asked for in ten minutes', async () => {
    const { pool, outbox, open } = await world();
    await open({ tables, store: 'gone' });
    const slots = async () =>
      (await pool.query('SELECT FROM pg_replication_slots WHERE database = current_database()')).rowCount;
    await outbox.keep();
    expect(await slots()).toBe(2);
    await pool.query(
      `UPDATE corral."CacheLogReader" SET "seenAt" = clock_timestamp() - interval '11 minutes'`,
    );
    await outbox.keep();
    expect(await slots()).toBe(1);
    expect((await pool.query('SELECT "store" FROM corral."CacheLogReader"')).rows).toEqual([
      { store: 'one' },
    ]);
  });

  it('is waited for by a process that follows where a write waits for it, and looked into where it does not come', async () => {
    const { pool, outbox, open } = await world();
    const { outbox: follows } = await open({ tables, store: 'one' });
    const ignore = (): Promise<void> => Promise.resolve();
    const look = (isAwaited: boolean) => follows.relay(ignore, ignore, () => isAwaited);
    expect(await look(false)).toMatchObject({ elsewhere: [] });
    const gate = createGate();
    await pool.query('INSERT INTO films VALUES (1)');
    const applying = outbox.relay(() => gate.wait());
    await gate.arrived();
    expect(await look(false)).toMatchObject({ elsewhere: [expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/)] });
    const awaited = look(true);
    await expect(
      Promise.race([awaited, new Promise((resolve) => void setImmediate(resolve, 'waits'))]),
    ).resolves.toBe('waits');
    await expect(awaited).rejects.toThrow('was not applied up to');
    await expect(look(false)).rejects.toThrow('by the process that reads it');
    gate.open();
    await applying;
    await expect.poll(async () => (await look(false)).elsewhere).toEqual([]);
  });

  it('is trusted by a process that follows only once all of it was applied, where it was far behind', async () => {
    const { pool, outbox, open } = await world();
    const { outbox: follows } = await open({ tables, store: 'one' });
    const ignore = (): Promise<void> => Promise.resolve();
    const look = () => follows.relay(ignore, ignore, () => false);
    const written = async (id: number) => {
      const gate = createGate();
      await pool.query('INSERT INTO films VALUES ($1)', [id]);
      const applying = outbox.relay(() => gate.wait());
      await gate.arrived();
      return async () => {
        gate.open();
        await applying;
      };
    };
    const applyFirst = await written(1);
    expect(await look()).toMatchObject({ elsewhere: [expect.any(String)] });
    await expect.poll(() => look().catch(() => 'too far behind'), { timeout: 10_000 }).toBe('too far behind');
    await applyFirst();
    const applySecond = await written(2);
    await expect(look()).rejects.toThrow('by the process that reads it');
    await applySecond();
    await expect.poll(async () => (await look()).elsewhere).toEqual([]);
  });

  it('is read again from what was not applied, by the next process too', async () => {
    const { pool, outbox, slot, open } = await world();
    await pool.query('INSERT INTO films VALUES (1)');
    const refused = outbox.relay(async () => {
      await passes(100);
      throw new Error('the store is away');
    });
    await expect(refused).rejects.toThrow('the store is away');
    await outbox.close();
    await expect.poll(async () => (await slot())?.pid).toBe(null);
    const { outbox: next } = await open({ tables, store: 'one' });
    expect(await told(next)).toEqual(['Film', 'Film:1']);
    expect(await told(next)).toEqual([]);
  });

  it('is read on at once by the process that could not apply it once, and less often where it cannot again and again', async () => {
    const { pool, outbox } = await world();
    const applies: number[] = [];
    let refusals = 1;
    const untilApplied = async (): Promise<number> => {
      const sinceMs = performance.now();
      await pool.query('INSERT INTO films SELECT coalesce(max(id), 0) + 1 FROM films');
      const look = (): Promise<unknown> =>
        outbox.relay(() => {
          applies.push(performance.now());
          return applies.length > refusals ? Promise.resolve() : Promise.reject(new Error('a lost answer'));
        });
      await expect.poll(() => look().then(() => 'applied', String), { interval: 5 }).toBe('applied');
      return performance.now() - sinceMs;
    };
    const onceMs = await untilApplied();
    expect(applies).toHaveLength(2);
    expectTime(onceMs).toBeLessThan(500);
    [applies.length, refusals] = [0, 5];
    // 50, 100, 200, 400 and 800 ms.
    expect(await untilApplied()).toBeGreaterThan(1500);
    expect(applies).toHaveLength(6);
  });

  it('is read on less and less often where one part of a transaction cannot be applied, though others can', async () => {
    const { pool, outbox } = await world();
    // More tags than are taken at once.
    await pool.query('INSERT INTO films SELECT generate_series(1, 12000)');
    let [refused, parts] = [0, 0];
    const look = (): Promise<unknown> => {
      parts = 0;
      return outbox.relay(() => {
        parts += 1;
        if (parts < 2 || refused === 5) return Promise.resolve();
        refused += 1;
        return Promise.reject(new Error('a lost answer'));
      });
    };
    const sinceMs = performance.now();
    await expect.poll(() => look().then(() => 'applied', String), { interval: 5 }).toBe('applied');
    expect(refused).toBe(5);
    expect(performance.now() - sinceMs).toBeGreaterThan(1500);
  });

  it.each([
    [
      'was dropped by hand',
      async ({ pool, slot }: Awaited<ReturnType<typeof world>>) => {
        const { slot: name, pid } = (await slot()) ?? {};
        await pool.query('SELECT pg_terminate_backend($1)', [pid]);
        await expect.poll(async () => (await slot())?.pid).toBe(null);
        await pool.query('SELECT pg_drop_replication_slot($1)', [name]);
      },
      /its replication slot is gone/,
    ],
    [
      'was given up by the server',
      async ({ pool, outbox, slot }: Awaited<ReturnType<typeof world>>) => {
        await outbox.close();
        await expect.poll(async () => (await slot())?.pid).toBe(null);
        await set(`max_slot_wal_keep_size = '1MB'`);
        onTestFinished(() => set(`max_slot_wal_keep_size = -1`));
        const status = async () => {
          await pool.query(
            `SELECT pg_logical_emit_message(false, '', repeat('x', 1000000)); SELECT pg_switch_wal(); CHECKPOINT`,
          );
          return (
            await pool.query<{ status: string }>(
              `SELECT wal_status AS status FROM pg_replication_slots WHERE database = current_database()`,
            )
          ).rows[0]?.status;
        };
        await expect.poll(status, { timeout: 20_000 }).toBe('lost');
      },
      /thrown away what was not read, by max_slot_wal_keep_size/,
    ],
    [
      'is further behind than it may be',
      async ({ pool, outbox }: Awaited<ReturnType<typeof world>>) => {
        await outbox.close();
        await pool.query(`SELECT pg_logical_emit_message(false, '', repeat('x', 3000000))`);
      },
      /3 MB of it were not read, and more than 1 MB are never made up for/,
    ],
  ])('whose slot %s is read anew, and everything is forgotten once', async (_, harm, said) => {
    const made = await world({ behindAtMostMb: 1 });
    await harm(made);
    await made.pool.query('INSERT INTO films VALUES (1)');
    const isReading = made.log.lines.some((line) => line.includes('is read no more'));
    // The process that read it goes on, or another one starts.
    const { outbox, log } = isReading ? made : await made.open({ tables, store: 'one', behindAtMostMb: 1 });
    await expect.poll(() => told(outbox).catch(() => [])).toContain(FORGET);
    expect([...made.log.lines, ...log.lines].join('\n')).toMatch(said);
    await made.pool.query('INSERT INTO films VALUES (2)');
    expect(await told(outbox)).toEqual(['Film', 'Film:2']);
  });

  it('whose publication was gone while no process read it is read anew, however soon its stream ends', async () => {
    const made = await world();
    await made.outbox.close();
    for (let time = 1; time <= 5; time += 1) {
      await made.pool.query('DROP PUBLICATION corral');
      await made.pool.query('INSERT INTO films VALUES ($1)', [time]);
      const { outbox } = await made.open({ tables, store: 'one' });
      await expect.poll(() => told(outbox).catch(() => []), { timeout: 15_000 }).toContain(FORGET);
      await made.pool.query('INSERT INTO films VALUES ($1)', [100 + time]);
      expect(await told(outbox)).toEqual(['Film', `Film:${100 + time}`]);
      await outbox.close();
    }
  });

  it('that no look reads, as while the store is away, is not kept by the server for longer than it may be behind', async () => {
    const { pool, outbox, log } = await world({ behindAtMostMb: 1 });
    const keptMb = async () => {
      await pool.query('CHECKPOINT');
      const { rows: kept } = await pool.query<{ mb: number }>(
        `SELECT (pg_wal_lsn_diff(pg_current_wal_insert_lsn(), restart_lsn) / 1e6)::float8 AS mb
         FROM pg_replication_slots WHERE database = current_database()`,
      );
      return kept[0]?.mb ?? 0;
    };
    // There was a look before.
    await outbox.keep();
    for (let hour = 1; hour <= 3; hour += 1) {
      await pool.query(
        `INSERT INTO films SELECT n, 1, repeat('x', 90) FROM generate_series(${hour * 20_000}, ${hour * 20_000 + 19_999}) AS n`,
      );
      expect(await keptMb()).toBeGreaterThan(2);
      await outbox.keep();
      expect(await keptMb()).toBeLessThan(1);
      expect(outbox.lag?.()?.behindBytes).toBeGreaterThan(1e6);
    }
    expect(log.lines.join('\n')).toMatch(
      /The log is read anew, and everything stored is forgotten: \d+ MB of it were not read/,
    );
    expect(await told(outbox)).toEqual([FORGET]);
    await pool.query('INSERT INTO films VALUES (1)');
    expect(await told(outbox)).toEqual(['Film', 'Film:1']);
  });

  it.each([
    ['lost a table', 'ALTER PUBLICATION corral DROP TABLE films'],
    ['tells of fewer changes', `ALTER PUBLICATION corral SET (publish = 'insert')`],
    ['was dropped', 'DROP PUBLICATION corral'],
  ])('whose publication %s is made as it was, and everything is forgotten', async (_, harm) => {
    const { pool, outbox, log } = await world();
    await pool.query(harm);
    await pool.query('INSERT INTO films VALUES (1)');
    const seen: string[] = [];
    const look = async () => {
      seen.push(...(await told(outbox).catch(() => [])));
      return seen;
    };
    await expect.poll(look, { timeout: 15_000 }).toContain(FORGET);
    expect(log.lines.join('\n')).toMatch(
      /publication "corral" was changed by another program, .*: it is made anew/,
    );
    await pool.query('INSERT INTO films VALUES (2)');
    await expect.poll(look, { timeout: 15_000 }).toContain('Film:2');
  });

  it('is not looked at with success where the owner of the tables must make the publication again', async () => {
    const { pool, open } = await world();
    await pool.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database()`,
    );
    const { outbox } = await open({ tables, store: 'two', triggers: 'check' });
    await told(outbox);
    await pool.query('ALTER PUBLICATION corral DROP TABLE films');
    await expect(told(outbox)).rejects.toThrow(
      'the owner of the tables runs `npx graphql-corral outbox apply --source log`',
    );
  });

  it('with a transaction that stays open tells of all later ones at once, and of it when it ends', async () => {
    const { pool, url, outbox } = await world();
    const slow = new pg.Client({ connectionString: url });
    await slow.connect();
    onTestFinished(() => slow.end());
    await slow.query('BEGIN; INSERT INTO films VALUES (1)');
    for (const id of [2, 3, 4]) {
      await pool.query('INSERT INTO films VALUES ($1)', [id]);
      expect(await told(outbox)).toEqual(['Film', `Film:${id}`]);
    }
    await slow.query('COMMIT');
    expect(await told(outbox)).toEqual(['Film', 'Film:1']);
  });

  it(`with one statement over ${rows} rows is applied in parts, and holds few of them at a time`, async () => {
    const { pool, outbox } = await world();
    await pool.query(`INSERT INTO films SELECT n FROM generate_series(1, ${rows}) AS n`);
    const tags = new Set<string>();
    let most = 0;
    global.gc?.();
    const before = process.memoryUsage().rss;
    const beganAtMs = performance.now();
    await outbox.relay((parts) => {
      for (const part of parts) {
        most = Math.max(most, part.tags.length);
        // What the test itself remembers would be what grows.
        if (isLong) continue;
        for (const tag of part.tags) tags.add(tag);
      }
      return Promise.resolve();
    });
    const grownMb = Math.round((process.memoryUsage().rss - before) / 1e6);
    if (isLong)
      process.stdout.write(
        `${rows} rows in ${Math.round(performance.now() - beganAtMs)} ms, ${grownMb} MB more\n`,
      );
    else expect(tags.size).toBe(rows + 1);
    expect(most).toBeLessThan(10_000);
    expect(grownMb).toBeLessThan(150);
    await pool.query('INSERT INTO films VALUES (0)');
    expect(await told(outbox)).toEqual(['Film', 'Film:0']);
  });

  it.each(['one', undefined])(
    'whose stream goes silent without an error is read again once the server has given it up: store %s',
    async (store) => {
      const { pool, url, open } = logWorld(await server.createDatabase());
      await pool.query(making);
      const proxy = await tcpProxy(Number(new URL(url).port));
      const throughProxy = new URL(url);
      throughProxy.port = `${proxy.port}`;
      const { outbox, log } = await open({ tables, store, listenUrl: throughProxy.href });
      await told(outbox);
      // The pool goes to the server itself.
      proxy.set({ blackHole: 'both', blackHoleOf: 'open', hidesEnds: true });
      await pool.query('INSERT INTO films VALUES (1)');
      const look = () => told(outbox).catch(() => []);
      await expect.poll(look, { timeout: 20_000 }).toContain(store === undefined ? FORGET : 'Film:1');
      expect(log.lines.join('\n')).toMatch(
        /read no more by this process, .*: the server has ended its stream/,
      );
      await pool.query('INSERT INTO films VALUES (2)');
      expect(await told(outbox)).toEqual(['Film', 'Film:2']);
    },
  );

  it('of a commit that did not wait for the disk is still waited for', async () => {
    const { pool, outbox } = await world();
    for (let id = 1; id <= 5; id += 1) {
      await pool.query(`BEGIN; SET LOCAL synchronous_commit = off; INSERT INTO films VALUES (${id}); COMMIT`);
      expect(await told(outbox)).toEqual(['Film', `Film:${id}`]);
    }
  });
});
