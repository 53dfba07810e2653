import path from 'node:path';
import type { Store } from '../../../src/cache/index.js';
import { closeAll, type Closer } from '../../../src/start/close-all.js';
import { startCompanion, type Companion } from './companion.js';
import { groupsOf, openRows, rowOperations, type RowsShape } from './rows.js';
import type { Subject } from './subject.js';

/** What all processes read. */
export const sharedRows: RowsShape = { rows: 1000, bytes: 100, tagsOf: (row) => groupsOf(row, 1) };
export const COLD_LOAD_MS = 20;

const companionProgram = path.join(import.meta.dirname, 'companion-program.js');

export interface SharingProcesses {
  readonly redisUrl: string;
  readonly prefix: string;
  /** This process is one of them. */
  readonly processes: number;
}

/** This process and others over the same Redis. */
export async function processesSubject(
  store: Store,
  { redisUrl, prefix, processes }: SharingProcesses,
): Promise<Subject> {
  const rows = await openRows(store, sharedRows);
  const closers: Closer[] = [{ what: 'the cache', close: () => rows.cache.close() }];
  const companions: Companion[] = [];
  try {
    await rows.readAll();
    for (let at = 1; at < processes; at += 1) {
      const companion = await startCompanion(companionProgram, [redisUrl, prefix]);
      closers.push({ what: 'a companion', close: companion.stop });
      companions.push(companion);
    }
  } catch (error) {
    await closeAll(closers);
    throw error;
  }
  const ofAll = async (ask: (companion: Companion) => Promise<unknown>): Promise<void> => {
    await Promise.all(companions.map(ask));
  };
  const beside = { prepare: () => ofAll(({ begin }) => begin()), check: () => ofAll(({ end }) => end()) };
  const { 'read hit': hit, invalidate, 'miss and fill': miss } = rowOperations(rows, sharedRows);
  return {
    entries: sharedRows.rows,
    cycles: 1,
    operations: {
      'read hit': { ...hit, ...beside },
      invalidate: { ...invalidate, ...beside },
      'miss and fill': { ...miss, ...beside },
      'cold key': {
        times: 5,
        run: async (at) => {
          await Promise.all([
            rows.readCold(`${at}`, COLD_LOAD_MS),
            ofAll(({ readCold }) => readCold(`${at}`)),
          ]);
        },
      },
    },
    loads: () => rows.loads() + companions.reduce((sum, { coldLoads }) => sum + coldLoads(), 0),
    close: () => closeAll(closers),
  };
}
