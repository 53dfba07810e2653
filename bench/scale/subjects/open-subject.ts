import type { Store } from '../../../src/cache/index.js';
import type { AxisName } from '../axes.js';
import { membersSubject } from './members.js';
import type { StorePlace } from './open-store.js';
import { parentsSubject } from './parents.js';
import { processesSubject } from './processes.js';
import { groupsOf, rowsSubject } from './rows.js';
import type { Subject } from './subject.js';
import { viewersSubject } from './viewers.js';

export interface SubjectPlace extends StorePlace {
  readonly axis: AxisName;
  readonly size: number;
}

const ROW_BYTES = 100;

/** A cache with what an axis has at this size. */
export function openSubject(store: Store, { axis, size, redisUrl, prefix }: SubjectPlace): Promise<Subject> {
  const oneTag = (row: number): readonly string[] => groupsOf(row, 1);
  switch (axis) {
    case 'entries':
      return rowsSubject(store, { rows: size, bytes: ROW_BYTES, tagsOf: oneTag });
    case 'tags':
      return rowsSubject(store, { rows: 1000, bytes: ROW_BYTES, tagsOf: (row) => groupsOf(row, size) });
    case 'bytes':
      return rowsSubject(store, { rows: 20, bytes: size, tagsOf: oneTag });
    case 'members':
      return membersSubject(store, size);
    case 'viewers':
      return viewersSubject(store, size);
    case 'parents':
      return parentsSubject(store, size);
    case 'processes':
      if (redisUrl === undefined) throw new Error('processes share a Redis, and there must be one');
      return processesSubject(store, { redisUrl, prefix, processes: size });
  }
}
