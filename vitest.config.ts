import { createRequire } from 'node:module';
import process from 'node:process';
import { defineConfig } from 'vitest/config';
import { writeLuaModules } from './scripts/lua-modules.mjs';
import { filesThatShare } from './test/support/files-that-share.js';

const require = createRequire(import.meta.url);

// So that a script that was just edited is the one that is tested.
writeLuaModules(import.meta.dirname);

/** They measure times, or must reach so many reads in a time, so nothing runs beside them; stale-set judges by neither. */
const timed = ['test/races/!(stale-set*).test.ts', 'test/api/locked-table.test.ts'];
/** They have no short form, as they take the machine for minutes, or download much. */
const longOnly =
  process.env['ATTACKS'] === 'long'
    ? []
    : [
        'test/faults/back-in-time.test.ts',
        'test/memory/flood-over-http.test.ts',
        'test/api/dear-documents.test.ts',
        'test/package/versions.test.ts',
      ];
/** They run in one process after the other, which loads the modules once. */
const sharing = filesThatShare();

export default defineConfig({
  // One GraphQL module for all: Node loads its CommonJS build for packages, so the tests take that one too.
  resolve: { alias: [{ find: /^graphql$/, replacement: require.resolve('graphql') }] },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    retry: 0,
    globalSetup: 'test/support/run-folder.ts',
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...timed, ...longOnly, ...sharing],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'rooms',
          include: sharing,
          exclude: longOnly,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'races',
          include: timed,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
