import { namespaceOf } from '../keys/namespace.js';
import { createFieldCounters } from '../metrics/field-counters.js';
import type { EntryField } from '../coherence/entry-field.js';
import type { ReadPolicy } from '../policy/read-policy.js';

/** A key whose entry can be compared with what its origin says. */
export interface Probed {
  readonly namespace: string;
  readonly key: string;
  readonly id: string;
  readonly field: EntryField;
}

const CLEAN_ID = /^[A-Za-z0-9_.-]+$/;

/** How entries are found, for each namespace whose entries can hold nothing but what its origin says. */
export function probedFields(
  policies: readonly ReadPolicy[],
  origins: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, EntryField> {
  const fields = new Map<string, EntryField>();
  for (const namespace of origins.keys()) {
    const sharing = policies.filter((policy) => policy.namespace === namespace);
    const [first] = sharing;
    if (first === undefined || !sharing.every(isFromItsOrigin)) continue;
    const maxBytes = Math.max(...sharing.map(({ lifetime }) => lifetime.maxBytes));
    // Without the allowance of `local` seconds, and with counters of its own, as no reader has read anything.
    const lifetime = { ...first.lifetime, localMs: 0, maxBytes };
    fields.set(namespace, { lifetime, counters: createFieldCounters(), isShared: true });
  }
  return fields;
}

/** A resolver may store another value under such a key, a viewer or a variant another; what is pending differs; further tags are unknown. */
function isFromItsOrigin({ pattern, scope, namespaces, vary, isWrittenBehind }: ReadPolicy): boolean {
  const isSame = scope === 'PUBLIC' && vary.length === 0;
  return pattern === 'READ_THROUGH' && isSame && namespaces.length === 1 && !isWrittenBehind;
}

/** Those of the tags that are keys which can be probed. */
export function probedAmong(tags: readonly string[], fields: ReadonlyMap<string, EntryField>): Probed[] {
  return tags.flatMap((key) => {
    const namespace = namespaceOf(key);
    const id = key.slice(namespace.length + 1);
    const field = fields.get(namespace);
    // Escaped ids would have to be read back, and shortened ones cannot be.
    return field === undefined || !CLEAN_ID.test(id) ? [] : [{ namespace, key, id, field }];
  });
}
