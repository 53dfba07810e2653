/** What clients were told of their writes, and so what every later read must show at least. */
export interface Acknowledged {
  /** The newest acknowledged version of a film: to be asked when a read begins. */
  newest(id: string): number;
  acknowledge(id: string, version: number): void;
}

export function acknowledgedWrites(): Acknowledged {
  const versions = new Map<string, number>();
  const newest = (id: string): number => versions.get(id) ?? 0;
  return { newest, acknowledge: (id, version) => void versions.set(id, Math.max(newest(id), version)) };
}
