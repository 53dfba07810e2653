import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MOST_VIEWERS } from '../../../src/cache/dashboard/feed.js';
import type { FiguresEvent, PastEvent } from '../../../src/cache/dashboard/messages.js';
import { virtualClock } from '../../../src/cache/testing/index.js';
import { createGate } from '../../support/gate.js';
import { servedDashboard } from '../../support/worlds/served-dashboard.js';

const eventually = (look: () => unknown) => expect.poll(look, { timeout: 10_000, interval: 5 });

describe('the figures of a dashboard', () => {
  it('begin with what was, and follow what happens', async () => {
    const clock = virtualClock();
    const { watch, query } = await servedDashboard({ clock });
    await query('{ film(id: 1) }');
    await clock.pass(120_000);
    const watching = await watch();
    const figures = (): FiguresEvent[] => watching.events('figures') as FiguresEvent[];
    await eventually(() => figures().length).toBe(1);
    const [past] = watching.events('past') as PastEvent[];
    // The minute in which the film was read, and the moment of the first figures.
    expect(past?.points).toHaveLength(2);
    expect(past?.points[0]).toMatchObject({ hitRate: 0, requestsPerSecond: 1 / 60, usedBytes: null });
    for (let read = 0; read < 10; read += 1) await query('{ film(id: 1) }');
    await clock.pass(2000);
    await eventually(() => figures().length).toBe(2);
    const { point, report } = figures()[1] ?? {};
    expect(point).toMatchObject({ hitRate: 0.9, requestsPerSecond: 5, loadsPerSecond: 0.5 });
    expect(point?.usedBytes).toBeGreaterThan(0);
    expect(report?.total).toMatchObject({ requests: 11, outcomes: { HIT: 9, MISS: 2 } });
    // What is over is in the window still, and no more a part of the rates.
    for (let tick = 3; tick <= 8; tick += 1) {
      await clock.pass(2000);
      await eventually(() => figures().length).toBe(tick);
    }
    expect(figures()[7]?.point).toMatchObject({ hitRate: null, requestsPerSecond: 0 });
  });

  it('are read once for all pages, and not at all while none is open', async () => {
    const clock = virtualClock();
    const { watch, reads } = await servedDashboard({ clock });
    expect(reads()).toBe(0);
    const all = await Promise.all([watch(), watch(), watch()]);
    const counts = (): number[] => all.map((one) => one.events('figures').length);
    await eventually(counts).toEqual([1, 1, 1]);
    // What was, and what is.
    expect(reads()).toBe(2);
    for (let tick = 2; tick <= 5; tick += 1) {
      await clock.pass(2000);
      await eventually(counts).toEqual([tick, tick, tick]);
    }
    expect(reads()).toBe(6);
    for (const one of all) one.close();
    // Once the server knows that they are gone.
    const readsOn = async (): Promise<number> => {
      const before = reads();
      await clock.pass(60_000);
      return reads() - before;
    };
    await eventually(readsOn).toBe(0);
    const again = await watch();
    await eventually(() => again.events('figures').length).toBe(1);
  });

  it('are not sent to a page that does not read them, which is cut off after a while; others get theirs', async () => {
    const clock = virtualClock();
    const { watch, port, server, reads } = await servedDashboard({ clock }, { padded: 4_000_000 });
    const response = await pageThatReadsNothing(server, port);
    const other = await watch();
    const TICKS = 14;
    for (let tick = 1; tick <= TICKS; tick += 1) {
      await eventually(reads).toBe(tick + 1);
      await clock.pass(2000);
    }
    // What does not fit is not kept for it: of fourteen events no more than the first ones.
    expect(response.writableLength).toBeLessThan(9_000_000);
    await eventually(() => response.destroyed).toBe(false);
    await clock.pass(6000);
    await eventually(() => response.destroyed).toBe(true);
    await eventually(() => other.events('figures').length).toBeGreaterThan(TICKS);
  });

  it('go to a bounded number of pages', async () => {
    const { watch } = await servedDashboard();
    const all = await Promise.all(Array.from({ length: MOST_VIEWERS }, () => watch()));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await watch()).status).toBe(503);
    all[0]?.close();
    await eventually(async () => {
      const next = await watch();
      next.close();
      return next.status;
    }).toBe(200);
  });

  it('are not kept for pages that were closed before it was known who asks', async () => {
    const asking = createGate();
    let asked = 0;
    const { port, server, watch } = await servedDashboard({
      authorize: async () => {
        asked += 1;
        await asking.wait();
        return true;
      },
    });
    const sockets = Array.from({ length: MOST_VIEWERS }, () => connect(port, '127.0.0.1'));
    for (const socket of sockets) socket.write('GET /cache/figures HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => asked).toBe(MOST_VIEWERS);
    for (const socket of sockets) socket.destroy();
    const connections = promisify(server.getConnections.bind(server));
    await eventually(() => connections()).toBe(0);
    asking.open();
    expect((await watch()).status).toBe(200);
  });

  it('end for a viewer who may no more see them', async () => {
    const clock = virtualClock();
    let isAdmin = true;
    const { watch } = await servedDashboard({ clock, authorize: () => isAdmin });
    const watching = await watch();
    await eventually(() => watching.events('figures').length).toBe(1);
    isAdmin = false;
    await clock.pass(32_000);
    await watching.ended;
    expect(watching.events('refused')).toEqual([
      { message: 'You may not see this any more; sign in again.' },
    ]);
  });

  it('keep no connection of a viewer who may no more see them, and reads nothing', async () => {
    const clock = virtualClock();
    let isAdmin = true;
    // Some of them are taken on the way, so that it is not cut off as one that has read nothing for too long.
    const world = await servedDashboard({ clock, authorize: () => isAdmin }, { padded: 1_500_000 });
    const response = await pageThatReadsNothing(world.server, world.port);
    isAdmin = false;
    for (let tick = 1; tick <= 15; tick += 1) {
      await eventually(world.reads).toBe(tick + 1);
      await clock.pass(2000);
    }
    await eventually(() => response.destroyed).toBe(true);
  });

  it('end when the dashboard is closed, so that the server can stop', async () => {
    const { watch, dashboard, server } = await servedDashboard();
    const all = await Promise.all([watch(), watch()]);
    const stopped = once(server, 'close');
    server.close();
    await dashboard.close();
    await Promise.all(all.map(({ ended }) => ended));
    server.closeIdleConnections();
    await stopped;
  });
});

async function pageThatReadsNothing(server: Server, port: number): Promise<ServerResponse> {
  const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined).pause();
  socket.write('GET /cache/figures HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [, response] = await asked;
  return response;
}
