import Fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { trustOf } from '../../src/http/trusted-proxies.js';

const PROXIES = ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'];

describe('proxies that are trusted', () => {
  it('are known by their address, with a port or in brackets too, and nothing else is', () => {
    const trusts = trustOf(PROXIES);
    const known = ['10.1.2.3', '10.0.0.5:51234', '::ffff:10.0.0.5', '192.0.2.7', '2001:db8::1'];
    const others = ['203.0.113.7', '192.0.2.8:443', '2001:db9::1', '[2001:db9::1]:443', 'unknown', ''];
    expect([...known, '[2001:db8::1]:443'].filter((address) => !trusts(address))).toEqual([]);
    expect(others.filter(trusts)).toEqual([]);
  });

  it('may stand behind each other, and name the one before them with its port', async () => {
    const app = Fastify({ trustProxy: trustOf(PROXIES) });
    onTestFinished(() => app.close());
    app.get('/', (request) => ({ ip: request.ip }));
    const ask = async (names: string): Promise<unknown> => {
      const headers = { 'x-forwarded-for': names };
      return (await app.inject({ url: '/', headers, remoteAddress: '10.0.0.1' })).json();
    };
    expect(await ask('203.0.113.7, 10.0.0.5:51234')).toEqual({ ip: '203.0.113.7' });
    expect(await ask('198.51.100.1, 203.0.113.7, 10.0.0.5')).toEqual({ ip: '203.0.113.7' });
  });
});
