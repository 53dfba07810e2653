import { describe, expect, it } from 'vitest';
import { cpuSharesOf, type ProfileNode } from '../../bench/profile/cpu-shares.js';
import { layerOf, roomOf } from '../../bench/profile/layers.js';
import { profileTable } from '../../bench/profile/profile-table.js';

const own = (file: string): string => `file:///app/dist/src/${file}`;
const dependency = (file: string): string => `file:///app/node_modules/${file}`;

describe('the bench that shows where the time goes', () => {
  it.each([
    ['node', 'node:_http_server'],
    ['HTTP', dependency('fastify/lib/route.js')],
    ['HTTP', dependency('@as-integrations/fastify/build/esm/handler.js')],
    ['Apollo', dependency('@apollo/server/dist/esm/requestPipeline.js')],
    ['graphql-js', dependency('graphql/execution/execute.mjs')],
    ['Redis client', dependency('ioredis/built/Command.js')],
    ['Redis client', own('cache/redis/store/redis-store.js')],
    ['codec', dependency('msgpackr/unpack.js')],
    ['codec', own('cache/codec/entry.js')],
    ['plans', own('cache/execution/execute-plan.js')],
    ['memo', own('cache/memo/operation-memo.js')],
    ['engine', own('cache/coherence/entries.js')],
    ['API', own('context.js')],
    ['other', dependency('graphql-query-complexity/index.js')],
  ])('counts for %s what is in %s', (layer, url) => {
    expect(layerOf('f', url)).toBe(layer);
  });

  it('knows the rooms of the engine by their folders', () => {
    expect([roomOf(own('cache/patterns/serve.js')), roomOf(own('context.js'))]).toEqual([
      'patterns',
      undefined,
    ]);
  });

  const node = (id: number, functionName: string, url: string, children: number[] = []): ProfileNode => ({
    id,
    callFrame: { functionName, url, lineNumber: 0 },
    children,
  });
  const profile = {
    nodes: [
      node(1, '(root)', '', [2, 3, 4, 6]),
      node(2, '(idle)', ''),
      node(3, '(garbage collector)', ''),
      node(4, 'execute', dependency('graphql/execution/execute.js'), [5, 7]),
      node(5, 'stringify', ''),
      node(6, 'post', 'node:inspector', [8]),
      node(7, 'find', own('cache/coherence/entries.js')),
      node(8, 'dispatch', ''),
    ],
    samples: [2, 3, 4, 5, 7, 8],
    timeDeltas: [900, 10, 20, 30, 40, 50],
  };

  it('shares out the time of what ran itself: V8 with its caller, without idle time and the profiler', () => {
    const { layers, rooms, functions } = cpuSharesOf(profile);
    expect(Object.fromEntries(layers)).toEqual({ GC: 0.1, 'graphql-js': 0.5, engine: 0.4 });
    expect(Object.fromEntries(rooms)).toEqual({ coherence: 0.4 });
    expect(functions.get('stringify ← execute graphql/execution/execute.js:1')).toBe(0.3);
  });

  it('prints microseconds of an answer', () => {
    const table = profileTable(
      'one film',
      [{ server: 'constants', cpuPerRequestUs: 50, shares: cpuSharesOf(profile) }],
      1,
    );
    expect(table).toContain('| constants | 50 | 0.0 | 0.0 | 0.0 | 25 |');
    expect(table).toContain('coherence 20');
    expect(table).toContain('  - 20 find src/cache/coherence/entries.js:1');
  });
});
