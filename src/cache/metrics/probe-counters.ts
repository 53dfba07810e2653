/** What the prober found out about one namespace. */
export interface ProbeCounters {
  /** Entries that were looked for after a write. */
  probes: number;
  /** Entries that were there, fresh, and compared with what the origin said: those of the probes that show something. */
  comparisons: number;
  /** Entries that went on being served although the origin had gone on saying something else. */
  inconsistencies: number;
}

export function createProbeCounters(): ProbeCounters {
  return { probes: 0, comparisons: 0, inconsistencies: 0 };
}
