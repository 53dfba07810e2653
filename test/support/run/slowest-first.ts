import { existsSync } from 'node:fs';
import path from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const root = path.resolve(import.meta.dirname, '..', '..', '..');

/**
 * The test files that take more than some seconds, in the order in which they start: the longest first, so that no
 * worker is left with one of them when the others have ended, and files that wait among those that compute.
 * `npm test` prints what each file takes.
 */
const SLOWEST = [
  'test/properties/generated-schemas.test.ts',
  'test/schedules/schedules.test.ts',
  'test/simulation/simulation.test.ts',
  'test/api/written-behind.test.ts',
  'test/faults/api-processes.test.ts',
  'test/races/soak.test.ts',
  'test/e2e/start.test.ts',
  'test/outbox/outbox.test.ts',
  'test/e2e/stop.test.ts',
  'test/cache/prober/prober-soak.test.ts',
  'test/model/protocol-model.test.ts',
  'test/prisma/seed.test.ts',
  'test/cache/postgres/log/read-replicas.test.ts',
  'test/cache/postgres/cut-off-regions.test.ts',
  'test/cache/postgres/log/idle-processes.test.ts',
  'test/cache/postgres/log/log-trouble.test.ts',
  'test/cache/postgres/log/slots-made-anew.test.ts',
  'test/cache/postgres/log/changed-publications.test.ts',
  'test/cache/postgres/log/partitions-in-the-log.test.ts',
  'test/faults/relay-trouble.test.ts',
  'test/api/written-through.test.ts',
  'test/api/shadow-soak.test.ts',
  'test/package/package.test.ts',
  'test/api/two-processes.test.ts',
  'test/properties/planted-faults.test.ts',
  'test/api/advise.test.ts',
  'test/api/redis-away.test.ts',
  'test/memory/memory.test.ts',
  'test/cache/redis/cluster/failover.test.ts',
  'test/cache/redis/cluster/cluster-store.test.ts',
  'test/cache/redis/store/sentinel.test.ts',
  'test/cache/redis/journal/redis-journal.test.ts',
  'test/faults/quiet-processes.test.ts',
  'test/prisma/migrations.test.ts',
  'test/api/sign-in-attacks.test.ts',
  'test/database/silent-connections.test.ts',
  'test/api/metrics.test.ts',
  'test/api/abandoned-sign-ins.test.ts',
  'test/database/embedded-postgres.test.ts',
  'test/races/stale-set-redis.test.ts',
  // Those that run once the others have ended.
  'test/faults/faults.test.ts',
  'test/cache/postgres/log/log-processes.test.ts',
  'test/cache/postgres/regions.test.ts',
  'test/servers/shared-cache.test.ts',
  'test/api/database-away.test.ts',
  'test/races/flushed-store.test.ts',
  'test/races/one-load.test.ts',
  'test/races/prefetch.test.ts',
  'test/races/outage-cycles.test.ts',
  'test/races/expiry.test.ts',
  // Those that share a process.
  'test/redis/redis-urls.test.ts',
  'test/cache/command/redis-urls.test.ts',
  'test/database/apply-migrations.test.ts',
  'test/architecture.test.ts',
  'test/database/connect-database.test.ts',
  'test/cache/http/refresh.test.ts',
  'test/cache/dashboard/figures.test.ts',
  'test/api/cache-on-and-off.test.ts',
  'test/api/landing-page.test.ts',
  'test/api/sessions.test.ts',
  'test/api/freshness.test.ts',
].map((file) => path.join(root, file));

const lost = SLOWEST.filter((file) => !existsSync(file));
if (lost.length > 0)
  throw new Error(`test/support/run/slowest-first.ts names files that do not exist: ${lost.join(', ')}`);

/**
 * Starts the slowest files first, and the files that share a process last, which must follow each other to share it:
 * most take less than a second, so that all workers end at about the same time.
 */
export class SlowestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const index = SLOWEST.indexOf(path.normalize(moduleId));
      return index === -1 ? SLOWEST.length : index;
    };
    const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    const shares = ({ project }: TestSpecification): number => (project.config.isolate ? 0 : 1);
    const sorted = [...files].sort(
      (a, b) =>
        group(a) - group(b) ||
        shares(a) - shares(b) ||
        place(a) - place(b) ||
        a.moduleId.localeCompare(b.moduleId),
    );
    return Promise.resolve(sorted);
  }
}
