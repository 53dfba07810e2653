import { describe, expect, it } from 'vitest';
import { addressOf, readInfo, versionFaultOf } from '../../../../src/cache/redis/connection/server-info.js';

describe('where a server is', () => {
  it.each([
    [{ host: 'cache', port: 6380 }, 'Redis at cache:6380'],
    [{ host: '::1', port: 6379 }, 'Redis at [::1]:6379'],
    [{}, 'Redis at 127.0.0.1:6379'],
    [{ path: '/run/redis.sock', host: 'cache' }, 'Redis at /run/redis.sock'],
  ])('is written in one way: %j', (options, address) => {
    expect(addressOf(options)).toBe(address);
  });
});

describe('what a server says of itself', () => {
  const info = (version: string, run = 'run_id:abc'): string =>
    `# Server\r\nredis_version:${version}\r\n${run}\r\n`;
  const NO_VERSION = 'does not say which version it is; use Redis 6.2 or later, or Valkey';

  it.each([
    ['7.2.4', info('7.2.4'), undefined],
    ['6.2.0', info('6.2.0'), undefined],
    ['10.0', info('10.0'), undefined],
    ['6.0.16', info('6.0.16'), 'is version 6.0.16, but Redis 6.2 or later, or Valkey, is needed'],
    ['no version', info(''), NO_VERSION],
    ['no run', info('7.2.4', 'os:Linux'), NO_VERSION],
  ])('is enough, or is told: %s', (_what, text, fault) => {
    expect(versionFaultOf(readInfo(text))).toBe(fault);
  });
});
