import type { BreakerOptions } from './breaker.js';
import type { Refused } from './refusal.js';

/** What the connection of a store and that of a journal differ in. */
export interface Purpose extends Omit<Refused, 'where'> {
  readonly opensAt: BreakerOptions['opensAt'];
  /**
   * When it is found out whether the server allows all that is needed. `once`: before it is used for the first time, and behind
   * what another run of it is used for. `always`: before it is used, and after each outage.
   */
  readonly triesOut: 'once' | 'always';
  /** Whether there is a second connection, for what waits: it holds up all that comes after it on its own. */
  readonly hasSlowLane: boolean;
  /** Milliseconds after which a server in use is looked at again; never where left out. */
  readonly checksAfterMs?: number;
  /** What the log says, in its own words, when the server goes away, is weak, and can be used (again). */
  readonly says: { readonly away: string; readonly usable: string; readonly weak?: string };
  /** What commands are refused with while the server is away. */
  readonly refusal: (words: string) => Error;
}
