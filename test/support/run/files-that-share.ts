import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..', '..');

/** Rooms whose modules keep nothing from one test to the next. */
const ROOMS = [
  'test',
  'test/accounts',
  'test/api',
  'test/bench',
  'test/cache',
  'test/cache/advise',
  'test/cache/checks',
  'test/cache/codec',
  'test/cache/coherence',
  'test/cache/command',
  'test/cache/dashboard',
  'test/cache/diagnostics',
  'test/cache/directives',
  'test/cache/execution',
  'test/cache/http',
  'test/cache/journal',
  'test/cache/keys',
  'test/cache/loads/guard',
  'test/cache/loads/shadow',
  'test/cache/memo',
  'test/cache/opentelemetry',
  'test/cache/outbox',
  'test/cache/patterns',
  'test/cache/policy',
  'test/cache/postgres',
  'test/cache/prober',
  'test/cache/record',
  'test/cache/redis/connection',
  'test/cache/redis/journal',
  'test/cache/redis/store',
  'test/cache/report',
  'test/cache/stampede',
  'test/cache/store',
  'test/cache/time',
  'test/cache/vary',
  'test/database',
  'test/frameworks',
  'test/http',
  'test/limits',
  'test/origins',
  'test/redis',
  'test/resolvers',
  'test/schema',
  'test/scripts',
  'test/servers',
  'test/traffic',
];

/** What a test does to its process or modules, or measures of them, and the next one in it would feel. */
const OWN_PROCESS =
  /\bvi\.(?!fn\b)\w+|\bprocess\.(?!stdout\b)\w+|(?:program|child-process|api-process|started-api)\.js|node:child_process|performance\.now|\bglobalThis\b|\bimport\(|setDefault|heapUsed/;

/**
 * The test files that run in one process after the other. It loads the modules once, while to start a process for
 * each file and load them again takes longer than most of these tests. Only what stands in a room itself counts, not
 * the folders below it, and a file that touches its process has one of its own.
 */
export function filesThatShare(): string[] {
  return ROOMS.flatMap((room) =>
    readdirSync(path.join(root, room))
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => `${room}/${name}`)
      .filter((file) => !OWN_PROCESS.test(readFileSync(path.join(root, file), 'utf8'))),
  );
}
