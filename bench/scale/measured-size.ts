import path from 'node:path';
import { privateRedis } from '../../test/support/private-redis.js';
import { closeAll, type Closer } from '../../src/start/close-all.js';
import { askedChild } from '../overhead/asked-child.js';
import { forkSteady } from '../overhead/fork-steady.js';
import type { AxisName, StoreName } from './axes.js';
import type { Turn } from './measured-turns.js';
import type { SubjectPlace } from './subjects/open-subject.js';

/** What the process of a size is told: to take a turn, or to end. */
export type Asked = 'turn' | 'end';

/** What it tells once everything is stored, and it is warm. */
export interface Ready {
  readonly entries: number;
  /** What these entries take, of its process or of its Redis. */
  readonly memoryBytes: number;
}

/** One size of an axis, in a process of its own, with a Redis of its own where one is needed. */
export interface MeasuredSize extends Ready {
  readonly size: number;
  turn(): Promise<Turn>;
  close(): Promise<void>;
}

/** What its program is given. */
export interface ProgramSettings extends Omit<SubjectPlace, 'prefix'> {
  /** Milliseconds of CPU in which it takes turns of the warming size, which do not count; at least one. */
  readonly warmMs: number;
}

export interface SizePlace {
  readonly axis: AxisName;
  readonly store: StoreName;
  readonly size: number;
  /** As in `ProgramSettings`. */
  readonly warmMs: number;
  readonly signal: AbortSignal;
}

/** Its own threads would share the cores with what is measured. */
const REDIS_SETTINGS = ['--io-threads', '1', '--maxmemory', '16gb'];
const program = path.join(import.meta.dirname, 'program.js');

export async function startSize({ axis, store, size, warmMs, signal }: SizePlace): Promise<MeasuredSize> {
  const closers: Closer[] = [];
  try {
    const redis = store === 'redis' ? await privateRedis(...REDIS_SETTINGS) : undefined;
    if (redis !== undefined) closers.push({ what: 'a Redis', close: redis.stop });
    const settings: ProgramSettings = { axis, size, redisUrl: redis?.url, warmMs };
    const child = forkSteady(program, [JSON.stringify(settings)], signal);
    const { answer, ask, exited } = askedChild(child, `the process of ${size} ${axis}`);
    closers.push({
      what: `the process of ${size} ${axis}`,
      close: async () => {
        if (child.connected) child.send('end' satisfies Asked);
        await exited;
      },
    });
    const ready = (await answer()) as Ready;
    return {
      ...ready,
      size,
      turn: async () => (await ask('turn' satisfies Asked)) as Turn,
      close: () => closeAll(closers),
    };
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
}
