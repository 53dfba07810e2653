/** A server that is measured. */
export interface Started {
  /** Where its GraphQL endpoint is. */
  readonly url: string;
  /** Questions to its backend since the start. */
  loads(): number;
  close(): Promise<void>;
}

/** Longer than a bench takes between two visits. */
export const LOCAL_SECONDS = 60;

/** What a process keeps in front of Redis: nothing, copies for `local` seconds, or copies that it proves unchanged. */
export type Copies = 'none' | 'local' | 'strict';

/** All loads of a cache since its start. */
export function loadsOf(counters: Readonly<Record<string, { readonly loads: number }>>): number {
  return Object.values(counters).reduce((sum, { loads }) => sum + loads, 0);
}
