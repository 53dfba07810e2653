import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Outbox } from '../../../../src/cache/index.js';
import { logHomeOf } from '../../../../src/cache/postgres/log/log-home.js';
import type { OutboxPool } from '../../../../src/cache/postgres/pool-option.js';
import { dropSlots, readMark } from '../../../../src/cache/postgres/log/slots.js';
import { needsPostgres } from '../../../support/needs.js';
import { createGate } from '../../../support/gate.js';
import { privatePostgres, type PrivatePostgres } from '../../../support/private-postgres.js';
import { FORGET, logWorld, told } from './log-world.js';

vi.setConfig({ testTimeout: 60_000 });

const tables = { Film: { table: 'films' } };

describe.skipIf(!needsPostgres())('a slot that another process makes anew during a look', () => {
  let server: PrivatePostgres;
  beforeAll(async () => {
    server = await privatePostgres('wal_level=logical', 'max_wal_senders=40', 'max_replication_slots=40');
  });
  afterAll(() => server.stop());

  /** Two processes of one store, of which the first reads. */
  async function world() {
    const made = logWorld(await server.createDatabase());
    await made.pool.query('CREATE TABLE films (id int PRIMARY KEY)');
    const { outbox: reads } = await made.open({ tables, store: 'one' });
    await told(reads);
    return { ...made, reads };
  }

  /** What a process does that finds the slot of no use, too quickly for others to notice that there is none. */
  async function makeAnew(pool: Pool): Promise<void> {
    const { rows } = await pool.query<{ slot: string }>(
      'UPDATE corral."CacheLogReader" SET "mustForget" = true RETURNING "slot"',
    );
    const [{ slot } = { slot: '' }] = rows;
    await pool.query(
      `DO $$ BEGIN
         WHILE EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '${slot}' AND active) LOOP
           PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '${slot}';
           PERFORM pg_sleep(0.001);
         END LOOP;
         PERFORM pg_drop_replication_slot('${slot}');
         PERFORM pg_create_logical_replication_slot('${slot}', 'pgoutput');
       END $$`,
    );
  }

  /** A pool or a client, where something happens before each call of a method. */
  function before<T extends object>(
    of: T,
    method: 'query' | 'connect',
    first: (parameter: unknown) => Promise<void>,
  ): T {
    return new Proxy(of, {
      get: (target, name): unknown => {
        const given: unknown = Reflect.get(target, name);
        if (typeof given !== 'function') return given;
        return name === method
          ? (...parameters: unknown[]) =>
              first(parameters[0]).then((): unknown => given.apply(target, parameters))
          : given.bind(target);
      },
    });
  }

  /** What the first look tells that succeeds. */
  async function firstTold(outbox: Outbox): Promise<string[]> {
    let tells: string[] | undefined;
    await expect
      .poll(async () => (tells ??= await told(outbox).catch(() => undefined)), { interval: 5 })
      .toBeDefined();
    return tells ?? [];
  }

  it('is not believed by one that waits for its reader, before everything is forgotten', async () => {
    const { pool, open, reads } = await world();
    let asked = 0;
    const seen = before(pool, 'query', async (sql) => {
      if (/ AS applied\b/.test(String(sql)) && (asked += 1) === 3) await makeAnew(pool);
    });
    const { outbox: waits } = await open({ tables, store: 'one', pool: seen });
    await pool.query('INSERT INTO films VALUES (1)');
    const gate = createGate();
    const reading = told(reads, { onApply: () => gate.wait() }).catch(() => undefined);
    await gate.arrived();
    asked = 0;
    expect(await firstTold(waits)).toContain(FORGET);
    expect(asked).toBeGreaterThan(2);
    gate.open();
    await reading;
    await pool.query('INSERT INTO films VALUES (2)');
    expect(await told(waits)).toEqual(['Film', 'Film:2']);
  });

  it('is not believed by one that begins to read it, before everything is forgotten', async () => {
    const { pool, open, reads } = await world();
    await reads.close();
    const harm = vi.fn(() => makeAnew(pool));
    let isReady = false;
    // A process asks for the plan between its look at the slot and its stream.
    const slowPool = before(pool, 'connect', async () => {
      if (isReady && harm.mock.calls.length === 0) await harm();
    });
    const { outbox: begins } = await open({ tables, store: 'one', slowPool });
    await pool.query('INSERT INTO films VALUES (1)');
    isReady = true;
    expect(await firstTold(begins)).toContain(FORGET);
    expect(harm).toHaveBeenCalledTimes(1);
    await pool.query('INSERT INTO films VALUES (2)');
    expect(await told(begins)).toEqual(['Film', 'Film:2']);
  });

  it('is not there for others while it waits for its first place', async () => {
    const { pool, reads } = await world();
    await reads.close();
    const { rows } = await pool.query<{ slot: string }>(
      'UPDATE corral."CacheLogReader" SET "mustForget" = true RETURNING "slot"',
    );
    const [{ slot } = { slot: '' }] = rows;
    const home = logHomeOf('corral');
    const writer = await pool.connect();
    onTestFinished(() => writer.release(true));
    await expect
      .poll(() =>
        pool.query('SELECT pg_drop_replication_slot($1)', [slot]).then(
          () => 'dropped',
          () => 'in use',
        ),
      )
      .toBe('dropped');
    // A transaction that writes holds up a slot that is made.
    await writer.query('BEGIN; INSERT INTO films VALUES (9)');
    const making = pool.query(`SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
    const listed = `SELECT FROM pg_replication_slots WHERE slot_name = '${slot}'`;
    await expect.poll(async () => (await pool.query(listed)).rowCount).toBe(1);
    await expect(readMark(pool, home, slot)).rejects.toThrow('the replication slot is being made anew');
    await writer.query('COMMIT');
    await making;
    expect(await readMark(pool, home, slot)).toBeDefined();
  });

  it('is not made after others have forgotten everything for it', async () => {
    const { pool, open, reads } = await world();
    let isReady = false;
    const slowPool: OutboxPool = {
      ...{ query: pool.query.bind(pool) },
      connect: async () =>
        before(await pool.connect(), 'query', async (sql) => {
          // The other one may be further behind, and reads on.
          if (isReady && String(sql).includes('pg_terminate_backend')) await told(reads);
        }),
    };
    const { outbox: makes } = await open({ tables, store: 'one', slowPool, behindAtMostMb: 1 });
    await pool.query(`SELECT pg_logical_emit_message(false, '', repeat('x', 3000000))`);
    isReady = true;
    expect(await told(makes)).toEqual([FORGET]);
  });

  it.each(['before', 'after'])(
    'has everything forgotten once more where that was asked for meanwhile, committed %s it was done',
    async (when) => {
      const { pool, reads } = await world();
      const raise = 'UPDATE corral."CacheLogReader" SET "mustForget" = true';
      await pool.query(raise);
      const other = await pool.connect();
      onTestFinished(() => other.release());
      await other.query('BEGIN');
      const isWaitedFor = async () =>
        (await pool.query(`SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`)).rowCount;
      let committed: Promise<unknown> = Promise.resolve();
      const tells = await told(reads, {
        onForget: async () => {
          await other.query(raise);
          const commit = () => other.query('COMMIT');
          if (when === 'before') await commit();
          else committed = expect.poll(isWaitedFor).toBe(1).then(commit);
        },
      });
      await committed;
      expect(tells).toEqual([FORGET]);
      expect(await told(reads)).toEqual([FORGET]);
      expect(await told(reads)).toEqual([]);
    },
  );

  it('is dropped however soon others begin to read it again', async () => {
    const { pool, open, reads } = await world();
    const { outbox: other } = await open({ tables, store: 'one' });
    let isOver = false;
    onTestFinished(() => void (isOver = true));
    const looking = [reads, other].map(async (outbox) => {
      while (!isOver) await told(outbox).catch(() => undefined);
    });
    await dropSlots(pool, logHomeOf('corral'), 'all');
    isOver = true;
    await Promise.all(looking);
  });
});
