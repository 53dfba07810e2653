import pg from 'pg';
import type { Home } from './home.js';
import type { PresentOutbox } from './present-outbox.js';
import { EARLIER_FUNCTIONS, FUNCTION_PREFIX, type Fires, type WantedFunction } from './trigger-sql.js';
import type { WantedOutbox } from './wanted-outbox.js';

/** What is wrong with the triggers of a database. */
export interface OutboxFault {
  /** Changes are not seen: `missing` or `changed`. Or more is told than is needed: `superfluous`. */
  readonly kind: 'missing' | 'changed' | 'superfluous';
  /** A sentence for people. */
  readonly message: string;
}

/** How a database differs from what it should have, and what makes it so. */
export interface OutboxDifference {
  readonly faults: readonly OutboxFault[];
  readonly needsTables: boolean;
  readonly needsShared: boolean;
  /** Those whose function or triggers are not as they should be. */
  readonly outdated: readonly WantedFunction[];
  readonly superfluous: readonly string[];
}

const WHEN: Readonly<Record<Fires, string>> = {
  O: 'in ordinary sessions',
  R: 'for replicated changes',
  A: 'in every session',
};

/** Says of a role why no write is told. */
export function lacksRightsSentence({ outbox, stores }: Home, role: string): string {
  return `the role "${role}", by whose rights the triggers write rows, may not write into ${outbox}, read ${stores} or use their schema, so no write is told of`;
}

export function compareOutbox(
  { home, shared, functions }: WantedOutbox,
  present: PresentOutbox,
): OutboxDifference {
  const faults: OutboxFault[] = [];
  const fault = (kind: OutboxFault['kind'], message: string): void => void faults.push({ kind, message });
  if (!present.hasTables) {
    fault(
      'missing',
      `the schema "${home.schema}" does not have the tables "CacheOutbox" and "CacheStore" with the columns of this version`,
    );
  }
  if (present.lacksRights !== undefined) fault('missing', lacksRightsSentence(home, present.lacksRights));
  const differs = (wanted: WantedFunction): 'missing' | 'changed' | undefined => {
    const found = present.functions.find(({ name }) => name === wanted.name);
    if (found === undefined) return 'missing';
    return found.body === wanted.body && found.stamp === wanted.stamp ? undefined : 'changed';
  };
  const staleShared = shared.filter((wanted) => {
    const difference = differs(wanted);
    if (difference === 'missing') fault('missing', `the function ${wanted.name} is not there`);
    if (difference === 'changed') fault('changed', `the function ${wanted.name} is not that of this version`);
    return difference !== undefined;
  });
  const outdated = functions.filter((wanted) => {
    const before = faults.length;
    const table = `the table "${wanted.table ?? ''}"`;
    const difference = differs(wanted);
    if (difference === 'missing') fault('missing', `${table} has no triggers, so its changes are not seen`);
    if (difference === 'changed') {
      fault(
        'changed',
        `the triggers of ${table} are those of another mapping, of other columns or of another version`,
      );
    }
    if (difference !== 'missing') faults.push(...triggerFaults(wanted, present));
    return faults.length > before;
  });
  const superfluous: string[] = [];
  for (const { name, arguments: given } of present.functions) {
    if (name.startsWith(EARLIER_FUNCTIONS.prefix) || name === EARLIER_FUNCTIONS.shared) {
      fault('superfluous', `the function "${name}" is of an earlier version`);
      superfluous.push(`DROP FUNCTION ${home.quoted}.${pg.escapeIdentifier(name)}(${given}) CASCADE;`);
    }
    if (!name.startsWith(FUNCTION_PREFIX) || functions.some((wanted) => wanted.name === name)) continue;
    const where = [
      ...new Set(present.triggers.filter((one) => one.function === name).map((one) => one.where)),
    ];
    fault(
      'superfluous',
      `no cached field needs the triggers of ${where.join(', ') || `the function "${name}"`} any more`,
    );
    // The triggers that call it go with it.
    superfluous.push(`DROP FUNCTION ${home.quoted}.${pg.escapeIdentifier(name)}() CASCADE;`);
  }
  for (const { function: name, name: trigger, where, oid } of present.triggers) {
    const wanted = functions.find((one) => one.name === name);
    if (wanted === undefined) continue;
    if (wanted.triggers.some((one) => one.name === trigger && one.relation.oid === oid)) continue;
    fault(
      'superfluous',
      `the trigger ${trigger} of ${where} is of no use, as that is not the table "${wanted.table ?? ''}" or a part of it`,
    );
    superfluous.push(`DROP TRIGGER ${pg.escapeIdentifier(trigger)} ON ${where};`);
  }
  return {
    faults,
    needsTables: !present.hasTables,
    needsShared: staleShared.length > 0,
    outdated,
    superfluous,
  };
}

function triggerFaults(
  { name, table = '', triggers }: WantedFunction,
  present: PresentOutbox,
): OutboxFault[] {
  return triggers.flatMap(({ name: trigger, relation, fires }): OutboxFault[] => {
    const found = present.triggers.find(
      (one) => one.function === name && one.name === trigger && one.oid === relation.oid,
    );
    const of = relation.name === table ? `the table "${table}"` : `"${relation.name}", a part of "${table}",`;
    if (found === undefined) return [{ kind: 'missing', message: `${of} lacks the trigger ${trigger}` }];
    if (found.fires === fires) return [];
    const message =
      found.fires === 'D'
        ? `the trigger ${trigger} of ${of} is switched off`
        : `the trigger ${trigger} of ${of} must fire ${WHEN[fires]}`;
    return [{ kind: 'changed', message }];
  });
}
