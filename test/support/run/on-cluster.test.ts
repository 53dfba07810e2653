import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALWAYS_ON_CLUSTER, LEFT_OUT, ON_CLUSTER, whyLeftOut } from './on-cluster.js';

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Rooms of tests of one server, which have kin of their own for a cluster, or of something else. */
const OTHER_ROOMS = ['test/cache/redis/', 'test/redis/', 'test/support/', 'test/bench/', 'test/package/'];
const TAKES_REDIS = /(?:worker-redis|private-redis|tested-redis|api-world|\/world)\.js'/;

function testsWithRedis(): readonly string[] {
  return readdirSync(path.join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name.split(path.sep).join('/')}`)
    .filter((file) => file.endsWith('.test.ts') && !OTHER_ROOMS.some((room) => file.startsWith(room)))
    .filter((file) => TAKES_REDIS.test(textOf(file)));
}

/** What a test and the modules beside it are written with: a fault has its name in one of those. */
function textsBeside(file: string): string {
  const folder = path.dirname(file);
  return readdirSync(path.join(root, folder))
    .filter((name) => name === path.basename(file) || (name.endsWith('.ts') && !name.endsWith('.test.ts')))
    .map((name) => textOf(`${folder}/${name}`))
    .join('\n');
}

describe('the tests that run on a Redis Cluster', () => {
  it('are all that take a Redis, but for those that are left out with a reason', () => {
    const whole = LEFT_OUT.filter(({ tests }) => tests === undefined).map(({ file }) => file);
    expect([...ON_CLUSTER, ...whole].sort()).toEqual([...testsWithRedis()].sort());
  });

  it('are left out by names that they have', () => {
    const named = [...LEFT_OUT, ...[...ALWAYS_ON_CLUSTER].map(([file, tests]) => ({ file, tests }))];
    const lost = named.flatMap(({ file, tests = [] }) =>
      existsSync(path.join(root, file))
        ? tests.filter((test) => !textsBeside(file).includes(test)).map((test) => `${file}: ${test}`)
        : [file],
    );
    expect(lost).toEqual([]);
    const parts = named.filter(({ tests }) => tests !== undefined).map(({ file }) => file);
    expect(parts.filter((file) => !ON_CLUSTER.includes(file))).toEqual([]);
  });

  it('run in part beside all others', () => {
    const why = (title: string, isShort: boolean) =>
      whyLeftOut('test/races/soak.test.ts', `readers > ${title}`, isShort);
    expect(why('nor does it from both', false)).toContain('a cluster has none');
    expect(why('nor does it while Redis hangs for a moment, again and again', false)).toBeUndefined();
    expect(why('nor does it while Redis hangs for a moment, again and again', true)).toContain('long form');
    expect(why('never shows a reader less than was acknowledged before he began', true)).toBeUndefined();
    expect(whyLeftOut('test/races/outage.test.ts', 'any', false)).toContain('the only server');
  });
});
