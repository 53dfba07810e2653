import { describe, expect, it } from 'vitest';
import { weaknessOf, type Actual, type Durability } from '../../../../src/cache/redis/journal/durability.js';

const strong: Actual = {
  role: 'master',
  run: 'run',
  policy: 'noeviction',
  appendOnly: true,
  appendFsync: 'always',
  pausesFsync: false,
  replicas: 0,
  hasWaitAof: false,
};

describe('a server that syncs less while it rewrites its file', () => {
  const refused = (durability: Durability, present: string): string =>
    `does not sync while it rewrites its append-only file (no-appendfsync-on-rewrite ${present}), but durability ` +
    `${durability} is declared; set no-appendfsync-on-rewrite no, or declare memory`;

  it.each<[Durability, boolean | undefined, string | undefined]>([
    ['always', false, undefined],
    ['always', true, refused('always', 'yes')],
    ['always', undefined, refused('always', 'unknown, as CONFIG GET is not allowed')],
    ['everysec', false, undefined],
    ['everysec', true, refused('everysec', 'yes')],
    ['everysec', undefined, undefined],
    ['memory', true, undefined],
  ])('is no journal for %s, where no-appendfsync-on-rewrite is %s', (durability, pausesFsync, weakness) => {
    expect(weaknessOf({ ...strong, pausesFsync }, { durability, replicas: 0 })).toBe(weakness);
  });
});
