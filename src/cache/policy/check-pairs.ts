import type { CachePattern } from './field-site.js';
import { isWritePattern, pairTable, type WriteKind } from './pattern-table.js';

/** A field that reads or writes entries of a namespace. */
export interface PatternUse {
  readonly coordinate: string;
  readonly pattern: CachePattern;
  readonly namespace: string;
  /** Seconds for which a process answers from its own copy; 0 for writes. */
  readonly local: number;
}

/** A mutation that names keys of a namespace in `@invalidates`. */
export interface InvalidationUse {
  readonly coordinate: string;
  readonly namespace: string;
}

/** Faults of fields that share a namespace and together cannot keep what each of them promises. */
export function checkPairs(uses: readonly PatternUse[], invalidations: readonly InvalidationUse[]): string[] {
  const writes: readonly { coordinate: string; namespace: string; kind: WriteKind }[] = [
    ...uses.flatMap(({ pattern, ...use }) => (isWritePattern(pattern) ? [{ ...use, kind: pattern }] : [])),
    ...invalidations.map((use) => ({ ...use, kind: '@invalidates' as const })),
  ];
  const faults = uses.flatMap((use, index) =>
    writes.flatMap(({ coordinate, namespace, kind }) => {
      const verdict = pairTable[use.pattern][kind];
      if (namespace !== use.namespace || coordinate === use.coordinate || verdict === 'yes') return [];
      // Of two writes both see each other: it is said once.
      const other = uses.findIndex((one) => one.coordinate === coordinate && one.pattern === kind);
      if (isWritePattern(use.pattern) && other >= 0 && other < index) return [];
      return [
        `@cached on ${use.coordinate}: ${use.pattern} cannot share the namespace "${namespace}" with ${kind} on ` +
          `${coordinate}, because ${verdict}; give one of them another key, or both the same pattern`,
      ];
    }),
  );
  const behind = new Set(uses.flatMap((use) => (use.pattern === 'WRITE_BEHIND' ? [use.namespace] : [])));
  for (const { coordinate, namespace, local } of uses) {
    if (local === 0 || !behind.has(namespace)) continue;
    faults.push(
      `@cached on ${coordinate}: local must be 0, because the namespace "${namespace}" is written behind and ` +
        'its reads see pending writes at once',
    );
  }
  return faults;
}
