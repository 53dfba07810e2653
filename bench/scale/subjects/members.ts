import type { Store } from '../../../src/cache/index.js';
import { collectGarbage } from '../../servers/collect-garbage.js';
import { openRows } from './rows.js';
import type { Subject } from './subject.js';

const TAG = 'Group:shelf';
const WARM_TIMES = 20;

/** One tag of so many entries, all of which are there each time that it is invalidated. */
export async function membersSubject(store: Store, members: number): Promise<Subject> {
  const shape = { rows: members, bytes: 100, tagsOf: () => [TAG] };
  const rows = await openRows(store, shape);
  await rows.readAll();
  return {
    entries: members,
    cycles: 1,
    operations: {
      invalidate: {
        times: 1,
        prepare: async () => {
          await rows.readAll();
          collectGarbage();
          // What was not called for long is slow for the first time, however much there is.
          for (let at = 0; at < WARM_TIMES; at += 1) await rows.cache.invalidate([`Group:${at}`]);
        },
        run: () => rows.cache.invalidate([TAG]),
        check: async () => {
          const ends = [...new Set([0, members - 1])];
          const before = rows.loads();
          for (const row of ends) await rows.read(row);
          if (rows.loads() - before !== ends.length) throw new Error('a member outlived its invalidated tag');
        },
      },
    },
    loads: rows.loads,
    close: () => rows.cache.close(),
  };
}
