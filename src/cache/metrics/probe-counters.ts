/** What the prober found out about one namespace. */
export interface ProbeCounters {
  /** Entries that were compared with what the origin said. */
  probes: number;
  /** Entries that were served although the origin's value had been another one for longer than a write takes. */
  inconsistencies: number;
}

export function createProbeCounters(): ProbeCounters {
  return { probes: 0, inconsistencies: 0 };
}
