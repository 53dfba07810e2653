import type { OperationName } from './subjects/subject.js';

export const axisNames = ['entries', 'tags', 'members', 'viewers', 'processes', 'bytes', 'parents'] as const;
export type AxisName = (typeof axisNames)[number];

/** What growth is asked for: none, or in proportion to the size and little for each more. */
export type Shape = 'flat' | 'linear';

export const storeNames = ['memory', 'redis'] as const;
export type StoreName = (typeof storeNames)[number];
/** As reports name them. */
export const storeTitles: Readonly<Record<StoreName, string>> = { memory: 'memory', redis: 'Redis' };

/** One thing that grows while all else stays as it is. */
export interface ScaleAxis {
  readonly title: string;
  /** What grows, as it stands beside the figures. */
  readonly unit: string;
  readonly sizes: readonly number[];
  readonly quickSizes: readonly number[];
  /** What each process begins with, so that all sizes are equally warm. */
  readonly warmSize: number;
  readonly stores: readonly StoreName[];
  readonly asked: Partial<Record<OperationName, Shape>>;
  /** What one operation is, and what there is beside it. */
  readonly says: string;
  /** Processes that share cores wait for them, whatever is between them: only their CPU is compared. Default false. */
  readonly isJudgedByCpuAlone?: boolean;
}

const ALL_FLAT = { 'read hit': 'flat', invalidate: 'flat', 'miss and fill': 'flat' } as const;
const ALL_LINEAR = { 'read hit': 'linear', invalidate: 'linear', 'miss and fill': 'linear' } as const;

export const axes: Readonly<Record<AxisName, ScaleAxis>> = {
  entries: {
    title: 'Entries',
    unit: 'entries',
    sizes: [1e3, 1e4, 1e5, 1e6],
    quickSizes: [1e3, 1e4, 1e5],
    warmSize: 1e4,
    stores: storeNames,
    asked: ALL_FLAT,
    says: 'Rows of 100 bytes with one tag each, read, invalidated and loaded anew one at a time, all over the store.',
  },
  tags: {
    title: 'Tags of an entry',
    unit: 'tags',
    sizes: [1, 2, 4, 8, 16, 32],
    quickSizes: [1, 8, 32],
    warmSize: 8,
    stores: storeNames,
    asked: { 'read hit': 'linear', invalidate: 'flat', 'miss and fill': 'linear' },
    says: '1,000 rows of 100 bytes, each with so many tags.',
  },
  members: {
    title: 'Members of an invalidated tag',
    unit: 'members',
    sizes: [1, 10, 100, 1e3, 1e4, 1e5],
    quickSizes: [1, 100, 1e4],
    warmSize: 1e3,
    stores: storeNames,
    asked: { invalidate: 'flat' },
    says: 'One tag of so many entries, all of which are stored anew before it is invalidated; afterwards the first and the last one are seen to be gone. One invalidation a round.',
  },
  viewers: {
    title: 'Viewers',
    unit: 'viewers',
    sizes: [10, 100, 1e3, 1e4, 1e5],
    quickSizes: [10, 1e3, 1e4],
    warmSize: 1e4,
    stores: storeNames,
    asked: ALL_FLAT,
    says: 'A PRIVATE field, executed for one viewer at a time; the invalidation is `clearViewer`.',
  },
  processes: {
    title: 'Processes',
    unit: 'processes',
    sizes: [1, 2, 3, 4],
    quickSizes: [1, 2, 4],
    warmSize: 1,
    stores: ['redis'],
    asked: {},
    says: 'One process is measured while the others read hits as fast as they can. They share the cores, so only CPU is compared, and no shape is asked for. A cold key is asked for by all of them at once, and its load takes 20 ms.',
    isJudgedByCpuAlone: true,
  },
  bytes: {
    title: 'Bytes of a value',
    unit: 'bytes',
    sizes: [100, 1e3, 1e4, 1e5, 1e6],
    quickSizes: [100, 1e4, 1e6],
    warmSize: 1e4,
    stores: storeNames,
    asked: ALL_LINEAR,
    says: '20 rows whose text has so many bytes.',
  },
  parents: {
    title: 'Parents of a level',
    unit: 'parents',
    sizes: [1, 10, 100, 1e3],
    quickSizes: [1, 100, 1e3],
    warmSize: 100,
    stores: storeNames,
    asked: ALL_LINEAR,
    says: 'A list of so many objects with a cached field each, executed by graphql-js; all the fields are invalidated by one call.',
  },
};
