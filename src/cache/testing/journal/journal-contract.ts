import type { ContractCase } from '../contract-case.js';
import { claimChecks } from './claim-checks.js';
import { letterChecks } from './letter-checks.js';
import { pendingChecks } from './pending-checks.js';
import { supersededChecks } from './superseded-checks.js';
import { ROOM, type TestedJournal } from './tested-journal.js';

/** A kind of journal. */
export interface JournalContractOptions {
  /** Makes an opened journal with room for `maxPending` keys that shares nothing with those made before. The contract closes it. */
  readonly create: (maxPending: number) => TestedJournal | Promise<TestedJournal>;
}

/** The cases that every journal passes. */
export function journalContract({ create }: JournalContractOptions): readonly ContractCase[] {
  const checks = [...pendingChecks, ...claimChecks, ...letterChecks, ...supersededChecks];
  return checks.map(({ title, check }) => ({
    title,
    run: async () => {
      const tested = await create(ROOM);
      try {
        await check(tested);
      } finally {
        await tested.journal.close();
      }
    },
  }));
}
